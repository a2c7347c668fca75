import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, closeSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, rmSync } from 'node:fs';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Agent, type Running, builtAgent, start } from './agent';
import { NOBODY, asUser, isRoot } from './users';

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 20_000;
const PIECE = 4 << 20;
const OVERLAP = 1024;

/** A real server with a store of its own, on loopback, for the length of a test file. */
export class Appliance {
  /** Everything that the server has printed. */
  said = '';
  private readonly agents: Agent[] = [];

  private constructor(
    readonly url: string,
    private readonly folder: string,
    private readonly program: string,
    private readonly words: string[],
    private server: ChildProcess,
  ) {}

  /** Starts `IOTA_SERVER_PROGRAM`, or the server of cargo's target folder, with more words, and waits until it is healthy. */
  static async start(words: string[] = []): Promise<Appliance> {
    const folder = mkdtempSync(join(tmpdir(), 'iotabackup-e2e-'));
    const program = isRoot ? copyFor(NOBODY, folder) : builtServer();
    const url = `${words.includes('--tls') ? 'https' : 'http'}://127.0.0.1:${await freePort()}`;
    const appliance = new Appliance(url, folder, program, words, serve(program, folder, url, words));
    try {
      await appliance.healthy();
      appliance.offerAgent();
    } catch (error) {
      await appliance.stop();
      throw error;
    }
    return appliance;
  }

  /** Where everything lies that the server keeps. */
  get data(): string {
    return join(this.folder, 'data');
  }

  /** The code of the first account, who administers. */
  setupToken(): Promise<string> {
    return this.code('setup-token');
  }

  /** A code for one more account. The first is made by the way when there is none yet: without it nobody can be invited. */
  async newInvitation(): Promise<string> {
    try {
      return await this.code('invite');
    } catch {
      const first = this.agent('first');
      await first.makeAccount(await this.setupToken());
      return await this.code('invite');
    }
  }

  /** A machine of its own, which speaks to the server, or to who stands before it. */
  agent(name: string, url = this.url): Agent {
    const agent = new Agent(name, url);
    this.agents.push(agent);
    return agent;
  }

  /** Runs a line as a person would who pasted it into a terminal, with this home folder and nothing else. */
  paste(line: string, home: string): Running {
    if (isRoot) for (const path of [home, ...readdirSync(home, { recursive: true }).map((name) => join(home, name.toString()))]) chownSync(path, NOBODY, NOBODY);
    return start('/bin/sh', ['-c', line], { PATH: process.env.PATH ?? '', HOME: home }, { cwd: home, ...asUser(NOBODY) });
  }

  /** Runs a statement in the server's own database, as its own user. */
  async sql(statement: string): Promise<string> {
    const place = ['--host', join(this.data, 'run'), '--username', 'iotabackup', '--dbname', 'iotabackup'];
    const words = [...place, '--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1', '--command', statement];
    const said = await promisify(execFile)('psql', words, asUser(NOBODY));
    return said.stdout.trim();
  }

  /** Which of these words lie in what the server may write of its memory at the moment. */
  memoryHolds(words: string[]): string[] {
    const sought = words.map((word) => ({ word, bytes: Buffer.from(word) }));
    const found = new Set<string>();
    const memory = openSync(`/proc/${this.server.pid}/mem`, 'r');
    try {
      for (const { from, to } of writableMemory(this.server.pid!)) {
        // Pieces overlap by more than any word is long.
        for (let at = from; at < to; at += PIECE - OVERLAP) {
          const piece = Buffer.alloc(Math.min(PIECE, to - at));
          const length = readSync(memory, piece, 0, piece.length, at);
          for (const { word, bytes } of sought) if (piece.subarray(0, length).includes(bytes)) found.add(word);
        }
      }
    } finally {
      closeSync(memory);
    }
    return words.filter((word) => found.has(word));
  }

  private async code(command: string): Promise<string> {
    const said = await promisify(execFile)(this.program, [command, '--data', this.data], asUser(NOBODY));
    return said.stdout.trim();
  }

  /** Puts the agent where the server hands it out. */
  private offerAgent(): void {
    const folder = join(this.data, 'downloads');
    const program = join(folder, `iota-linux-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}`);
    mkdirSync(folder, { recursive: true });
    copyFileSync(builtAgent(), program);
    if (isRoot) for (const path of [folder, program]) chownSync(path, NOBODY, NOBODY);
  }

  /** Ends the server, removes the store. */
  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.folder, { recursive: true, force: true });
    for (const agent of this.agents) agent.remove();
  }

  /** Starts the server again after `halt`, with the store and the address that it had. */
  async resume(): Promise<void> {
    this.server = serve(this.program, this.folder, this.url, this.words);
    await this.healthy();
  }

  /** Ends the server politely, as its service manager would. */
  async halt(): Promise<void> {
    const ended = new Promise((done) => this.server.once('exit', done));
    if (this.server.exitCode === null && this.server.signalCode === null) {
      this.server.kill('SIGTERM');
      await Promise.race([ended, pause(STOP_DEADLINE_MS, undefined, { ref: false })]);
    }
    this.server.kill('SIGKILL');
  }

  private async healthy(): Promise<void> {
    const listen = (text: Buffer) => (this.said += text.toString());
    this.server.stdout?.on('data', listen);
    this.server.stderr?.on('data', listen);
    for (const deadline = Date.now() + START_DEADLINE_MS; Date.now() < deadline; await pause(100)) {
      if (this.server.exitCode !== null) break;
      if (await answers(`${this.url}/health`)) return;
    }
    throw new Error(`the server did not become healthy; it said:\n${this.said.slice(-4000)}`);
  }
}

/** Whether a server answers well; who it is by its certificate is not asked. */
function answers(url: string): Promise<boolean> {
  return new Promise((done) => {
    const ask = url.startsWith('https:') ? httpsGet : httpGet;
    const asked = ask(url, { rejectUnauthorized: false, agent: false }, (answer) => done(answer.resume().statusCode === 200));
    asked.once('error', () => done(false));
  });
}

function serve(program: string, folder: string, url: string, more: string[]): ChildProcess {
  const words = ['serve', '--data', join(folder, 'data'), '--listen', new URL(url).host, ...more];
  return spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], ...asUser(NOBODY) });
}

/** Where a process may write: its own memory, not what it shares with files. */
function writableMemory(process: number): { from: number; to: number }[] {
  const lines = readFileSync(`/proc/${process}/maps`, 'utf8').split('\n');
  const ranges = lines.map((line) => /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line)).filter((range) => range !== null);
  return ranges.map(([, from, to]) => ({ from: Number.parseInt(from, 16), to: Number.parseInt(to, 16) }));
}

/** The server that cargo built last, and its pages beside it or one folder up. */
function builtServer(): string {
  const target = resolve(process.env.CARGO_TARGET_DIR ?? '../target');
  const places = [process.env.IOTA_SERVER_PROGRAM, join(target, 'debug/iota-server'), join(target, 'release/iota-server')];
  const found = places.find((place): place is string => place !== undefined && existsSync(place));
  if (!found) throw new Error('there is no server to test: build iota-server, or name one in IOTA_SERVER_PROGRAM');
  return found;
}

/** Copies server and pages to where this user can read them: a home folder may be closed. */
function copyFor(user: number, folder: string): string {
  const program = builtServer();
  const site = [join(dirname(program), 'site'), join(dirname(program), '../site')].find((place) => existsSync(place));
  if (!site) throw new Error('there are no pages beside the server: run `cargo run -p xtask -- bundle`');
  copyFileSync(program, join(folder, 'iota-server'));
  cpSync(site, join(folder, 'site'), { recursive: true });
  for (const name of readdirSync(folder, { recursive: true })) chownSync(join(folder, name.toString()), user, user);
  chownSync(folder, user, user);
  chmodSync(folder, 0o755);
  return join(folder, 'iota-server');
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((done) => probe.listen(0, '127.0.0.1', done));
  const address = probe.address();
  await new Promise((done) => probe.close(done));
  if (typeof address !== 'object' || !address) throw new Error('the system gives no port');
  return address.port;
}
