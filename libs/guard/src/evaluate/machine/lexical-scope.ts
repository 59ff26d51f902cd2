import type { Scope, Value, Variable } from '../values/value.types.js';

/** The scope of a module, a function, a class or a block. */
export class LexicalScope implements Scope {
  readonly #variables = new Map<string, Variable>();
  readonly #parent: Scope | undefined;
  readonly #thisValue: Value | undefined;
  readonly #kind: 'function' | 'block';

  constructor(kind: 'function' | 'block', parent?: Scope, thisValue?: Value) {
    this.#kind = kind;
    this.#parent = parent;
    this.#thisValue = thisValue;
  }

  /** @param thisValue the value of `this`; inherited from the parent when missing */
  static function(parent?: Scope, thisValue?: Value): LexicalScope {
    return new LexicalScope('function', parent, thisValue);
  }

  static block(parent: Scope): LexicalScope {
    return new LexicalScope('block', parent);
  }

  declare(name: string, value: Value): Variable {
    const variable: Variable = { value };
    this.#variables.set(name, variable);
    return variable;
  }

  declareLazy(name: string, compute: () => Value): void {
    this.#variables.set(name, { value: undefined, compute });
  }

  find(name: string): Variable | undefined {
    return this.#variables.get(name) ?? this.#parent?.find(name);
  }

  thisValue(): Value | undefined {
    return this.#thisValue ?? this.#parent?.thisValue();
  }

  functionScope(): Scope {
    return this.#kind === 'function' || !this.#parent ? this : this.#parent.functionScope();
  }
}
