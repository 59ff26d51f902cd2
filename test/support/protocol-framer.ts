/** Who sent a message. */
export type Sender = 'client' | 'server';

/** One message of PostgreSQL's protocol, as it went over the wire. */
export interface Message {
  readonly from: Sender;
  /** What the manual calls it, or its letter. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** PostgreSQL manual, 54.7: "Message Formats". One letter means different things in the two directions. */
const NAMES: Readonly<Record<Sender, Readonly<Record<string, string>>>> = {
  client: {
    B: 'Bind',
    C: 'Close',
    D: 'Describe',
    E: 'Execute',
    H: 'Flush',
    P: 'Parse',
    Q: 'Query',
    S: 'Sync',
    X: 'Terminate',
    p: 'PasswordMessage',
  },
  server: {
    '1': 'ParseComplete',
    '2': 'BindComplete',
    '3': 'CloseComplete',
    C: 'CommandComplete',
    D: 'DataRow',
    E: 'ErrorResponse',
    I: 'EmptyQueryResponse',
    K: 'BackendKeyData',
    N: 'NoticeResponse',
    R: 'Authentication',
    S: 'ParameterStatus',
    T: 'RowDescription',
    Z: 'ReadyForQuery',
    n: 'NoData',
    t: 'ParameterDescription',
  },
};

/** Cuts one direction of a connection without TLS into messages; an incomplete one waits for its rest. */
export class ProtocolFramer {
  readonly #from: Sender;
  #rest: Buffer = Buffer.alloc(0);
  /** The client's first message has no letter, only a length. */
  #starting: boolean;

  constructor(from: Sender) {
    this.#from = from;
    this.#starting = from === 'client';
  }

  take(bytes: Buffer): Message[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const messages: Message[] = [];
    for (;;) {
      const letters = this.#starting ? 0 : 1;
      if (this.#rest.length < letters + 4) return messages;
      const end = letters + this.#rest.readUInt32BE(letters);
      if (this.#rest.length < end) return messages;
      const letter = String.fromCharCode(this.#rest[0] ?? 0);
      messages.push({
        from: this.#from,
        name: this.#starting ? 'StartupMessage' : (NAMES[this.#from][letter] ?? letter),
        bytes: this.#rest.subarray(0, end),
      });
      this.#starting = false;
      this.#rest = this.#rest.subarray(end);
    }
  }
}
