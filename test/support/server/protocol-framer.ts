/** The side that sent a message. */
export type Sender = 'client' | 'server';

/** One message of PostgreSQL's protocol. */
export interface Message {
  readonly from: Sender;
  /** Its name in the manual, or its letter if it is not in the table below. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** PostgreSQL manual, 54.7: "Message Formats". A letter has another meaning in each direction. */
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

/**
 * Splits one direction of a connection without TLS into messages. An incomplete message waits for the rest of
 * its bytes.
 */
export class ProtocolFramer {
  readonly #from: Sender;
  #rest: Buffer = Buffer.alloc(0);
  /** The first message of a client has no letter, only a length. */
  #isStartup: boolean;

  constructor(from: Sender) {
    this.#from = from;
    this.#isStartup = from === 'client';
  }

  take(bytes: Buffer): Message[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    const messages: Message[] = [];
    for (;;) {
      const letterLength = this.#isStartup ? 0 : 1;
      if (this.#rest.length < letterLength + 4) return messages;
      const end = letterLength + this.#rest.readUInt32BE(letterLength);
      if (this.#rest.length < end) return messages;
      const letter = String.fromCharCode(this.#rest[0] ?? 0);
      messages.push({
        from: this.#from,
        name: this.#isStartup ? 'StartupMessage' : (NAMES[this.#from][letter] ?? letter),
        bytes: this.#rest.subarray(0, end),
      });
      this.#isStartup = false;
      this.#rest = this.#rest.subarray(end);
    }
  }
}
