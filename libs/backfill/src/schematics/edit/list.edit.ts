import type ts from 'typescript';
import { indentationAt, type Insertion } from './text-edits.js';

/** Adds an element to the end of a list in brackets, in the form that the list has. */
export function appendedElement(
  text: string,
  list: { readonly elements: ts.NodeArray<ts.Node>; getStart(): number; getEnd(): number },
  element: string,
): Insertion {
  const last = list.elements.at(-1);
  if (!last) return { at: list.getStart() + 1, text: element };
  const isMultiline = text.slice(list.getStart(), last.getStart()).includes('\n');
  const separator = isMultiline ? `,\n${indentationAt(text, last.getStart())}` : ', ';
  return { at: last.getEnd(), text: `${separator}${element}` };
}
