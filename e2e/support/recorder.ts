import { type IncomingMessage, type Server, type ServerResponse, createServer, request } from 'node:http';
import { type AddressInfo } from 'node:net';
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { type Place } from './search';

/** These are of one connection, and there are two. */
const OF_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding'];

/** A request and its answer, as they passed. */
export class Exchange {
  status = 0;
  private answerHeaders: string[] = [];
  private readonly sent: Buffer[] = [];
  private readonly answered: Buffer[] = [];

  constructor(
    readonly method: string,
    readonly url: string,
    private readonly headers: string[],
  ) {}

  get name(): string {
    return `${this.method} ${this.url}`;
  }

  /** What the client sent after the headers. */
  get body(): Buffer {
    return Buffer.concat(this.sent);
  }

  /** What the server answered after the headers, unpacked; of an answer that was cut off, what there is. */
  get answer(): Buffer {
    const packed = Buffer.concat(this.answered);
    switch (headerOf(this.answerHeaders, 'content-encoding')) {
      case 'br':
        return brotliDecompressSync(packed, { finishFlush: constants.BROTLI_OPERATION_FLUSH });
      case 'gzip':
        return gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
      case undefined:
        return packed;
      default:
        throw new Error(`the answer to ${this.name} is packed in a way that the recorder does not know`);
    }
  }

  /** Everything that the client sent. */
  get sentPlaces(): Place[] {
    const head = Buffer.from([this.name, ...lines(this.headers)].join('\n'), 'latin1');
    return [
      { where: `the head of ${this.name}`, bytes: head },
      { where: `the body of ${this.name}`, bytes: this.body },
    ];
  }

  /** Everything that the server answered. */
  get answerPlaces(): Place[] {
    return [
      { where: `the answer's headers of ${this.name}`, bytes: Buffer.from(lines(this.answerHeaders).join('\n'), 'latin1') },
      { where: `the answer to ${this.name}`, bytes: this.answer },
    ];
  }

  hear(piece: Buffer): void {
    this.sent.push(piece);
  }

  answers(answer: IncomingMessage): void {
    this.status = answer.statusCode ?? 0;
    this.answerHeaders = answer.rawHeaders;
    answer.on('data', (piece: Buffer) => this.answered.push(piece));
  }
}

/** Stands before a server, passes everything on as it comes, and keeps it. The server sees the client's own `Host`. */
export class Recorder {
  readonly exchanges: Exchange[] = [];
  readonly url: string;

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
  ) {
    const { address, port } = server.address() as AddressInfo;
    this.url = `http://${address}:${port}`;
    server.on('request', (asked, answer) => this.pass(asked, answer));
  }

  /** Listens on an address of this machine, on a port that is free. */
  static async start(target: string, address = '127.0.0.1'): Promise<Recorder> {
    const server = createServer();
    await new Promise<void>((done, failed) => server.once('error', failed).listen(0, address, done));
    return new Recorder(server, new URL(target));
  }

  async stop(): Promise<void> {
    const ended = new Promise((done) => this.server.close(done));
    this.server.closeAllConnections();
    await ended;
  }

  /** What went by between a client and the server, by method and address. */
  find(name: RegExp): Exchange[] {
    return this.exchanges.filter((exchange) => name.test(exchange.name));
  }

  private pass(asked: IncomingMessage, answer: ServerResponse): void {
    const [method, path] = [asked.method ?? '', asked.url ?? ''];
    const exchange = new Exchange(method, path, asked.rawHeaders);
    this.exchanges.push(exchange);
    const { hostname, port } = this.target;
    const passed = request({ hostname, port, method, path, headers: passedOn(asked.rawHeaders), agent: false });
    passed.on('response', (from) => {
      exchange.answers(from);
      answer.sendDate = false;
      answer.writeHead(from.statusCode ?? 502, from.statusMessage, passedOn(from.rawHeaders));
      // Whoever waits for events has to know that they will come.
      answer.flushHeaders();
      from.on('error', () => answer.destroy());
      from.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.on('data', (piece: Buffer) => exchange.hear(piece));
    asked.pipe(passed);
  }
}

/** Names and values by turns, as node has them. */
function passedOn(headers: string[]): string[] {
  return headers.filter((_, index) => !OF_CONNECTION.includes(headers[index - (index % 2)].toLowerCase()));
}

function lines(headers: string[]): string[] {
  return headers.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${headers[index + 1]}`] : []));
}

function headerOf(headers: string[], name: string): string | undefined {
  const place = headers.findIndex((word, index) => index % 2 === 0 && word.toLowerCase() === name);
  return place < 0 ? undefined : headers[place + 1];
}
