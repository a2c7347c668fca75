import { type AddressInfo, type Server, type Socket, createServer } from 'node:net';

/** A mail as it arrived. */
export type Letter = { to: string[]; subject: string; text: string };

/** A mail server that takes every mail. */
export class PostOffice {
  readonly letters: Letter[] = [];

  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => this.serve(socket));
  }

  static async open(): Promise<PostOffice> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new PostOffice(server);
  }

  /** Where it listens, as a server is told. */
  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
  }

  private serve(socket: Socket): void {
    let [said, to, data]: [string, string[], boolean] = ['', [], false];
    const answer = (text: string) => socket.write(`${text}\r\n`);
    socket.on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      said += bytes.toString();
      for (let end = said.indexOf(data ? '\r\n.\r\n' : '\r\n'); end >= 0; end = said.indexOf(data ? '\r\n.\r\n' : '\r\n')) {
        const line = said.slice(0, end);
        said = said.slice(end + (data ? 5 : 2));
        if (data) {
          this.letters.push({ to, subject: /^Subject: (.*)$/m.exec(line)?.[1].trim() ?? '', text: line.replaceAll('=\r\n', '') });
          [to, data] = [[], false];
          answer('250 taken');
        } else if (/^RCPT TO:/i.test(line)) {
          to.push(line.slice(8).replace(/[<>]/g, '').trim());
          answer('250 ok');
        } else if (/^DATA/i.test(line)) {
          data = true;
          answer('354 go on');
        } else {
          answer(/^QUIT/i.test(line) ? '221 bye' : '250 ok');
        }
      }
    });
    answer('220 post.example.org');
  }
}
