import { classifier } from '../support/classified.ts';

const normal = (sql: string) => classifier.normalize(sql);

describe('texts that differ only in layout have the same normal form', () => {
  it('without comments, with single spaces, in lower case', () => {
    expect(normal(' UPDATE  Leads -- why\n SET /* x */ a=1 ;; ')).toBe('update leads set a = 1');
  });

  it('but quoted words keep their case', () => {
    expect(normal(`SELECT "A", 'B', $$C$$ FROM D`)).toBe(`select "A" , 'B' , $$C$$ from d`);
  });

  it('a text of more than half a megabyte keeps its comments and its case', () => {
    const values = 'A,'.repeat(256 * 1024);
    expect(normal(values)).toBe('a , '.repeat(256 * 1024).trim());
    expect(normal(`${values}  B -- c`)).toBe(`${values} B -- c`);
  });
});
