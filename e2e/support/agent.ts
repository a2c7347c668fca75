import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** How a program ended. */
export type Ended = { code: number | null; out: string; err: string };

/** A program that runs: what it has said so far, and how it ends. */
export type Running = { said: () => string; ended: Promise<Ended>; stop: () => void };

/** What `iota backup` tells. */
export type Report = { seq: number; files: number; dirs: number; sent_bytes: number; gap_count: number };

/** A machine: the real `iota` with a home of its own. */
export class Agent {
  readonly home: string;
  /** What it backs up, unless told otherwise. */
  readonly files: string;
  private readonly services: Running[] = [];

  constructor(
    readonly name: string,
    private readonly url: string,
  ) {
    this.home = mkdtempSync(join(tmpdir(), 'iotabackup-e2e-agent-'));
    this.files = join(this.home, 'files');
    mkdirSync(this.files);
  }

  /** Runs the service until `end` is called, the test ends, or it ends by itself. */
  serve(): { end: () => Promise<void>; ended: Promise<Ended> } {
    const running = this.start(['run']);
    this.services.push(running);
    return {
      ended: running.ended,
      end: async () => {
        running.stop();
        await running.ended;
      },
    };
  }

  /** Begins a command. */
  start(words: string[], more: Record<string, string> = {}): Running {
    return start(builtAgent(), words, { ...this.environment(), ...more });
  }

  /** Runs a command to its end. */
  run(...words: string[]): Promise<Ended> {
    return this.start(words).ended;
  }

  /** Runs a command that must go well, and gives what it tells as JSON. */
  async tell<T = unknown>(...words: string[]): Promise<T> {
    const { code, out, err } = await this.run('--json', ...words);
    if (code !== 0) throw new Error(`iota ${words.join(' ')} ended with ${code}: ${out}${err}`);
    return JSON.parse(out) as T;
  }

  /** Asks to join by a code, which goes through the environment as in the line of the page. */
  enrol(code: string): Running {
    return this.start(['enroll', '--name', this.name], { IOTA_ENROL_CODE: code });
  }

  /** Includes a folder and backs it up. */
  async backUp(folder = this.files): Promise<Report> {
    await this.tell('include', folder);
    return this.tell<Report>('backup');
  }

  /** Makes an account without the pages. */
  async makeAccount(code: string): Promise<void> {
    const password = join(this.home, 'password');
    writeFileSync(password, 'seldom rivers carry lanterns 47', { mode: 0o600 });
    const kit = join(this.home, 'kit');
    const words = ['account', 'create', '--login', 'first@example.org', '--invite', code, '--kit', kit, '--password-file', password];
    await this.tell(...words);
  }

  remove(): void {
    for (const service of this.services) service.stop();
    rmSync(this.home, { recursive: true, force: true });
  }

  private environment(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      HOME: this.home,
      IOTA_CONFIG_DIR: join(this.home, 'config'),
      IOTA_STATE_DIR: join(this.home, 'state'),
      IOTA_SERVER: this.url,
    };
  }
}

/** Starts a program with this environment and no other. */
export function start(program: string, words: string[], env: Record<string, string>, more: { uid?: number; gid?: number; cwd?: string } = {}): Running {
  const child = spawn(program, words, { env, stdio: ['ignore', 'pipe', 'pipe'], ...more });
  let [out, err] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (out += text.toString()));
  child.stderr.on('data', (text: Buffer) => (err += text.toString()));
  const ended = new Promise<Ended>((done, failed) => {
    child.once('error', failed);
    child.once('close', (code) => done({ code, out, err }));
  });
  return { said: () => out + err, ended, stop: () => void child.kill('SIGTERM') };
}

/** The agent that cargo built last. */
export function builtAgent(): string {
  const target = resolve(process.env.CARGO_TARGET_DIR ?? '../target');
  const places = [process.env.IOTA_PROGRAM, join(target, 'debug/iota'), join(target, 'release/iota')];
  const found = places.find((place): place is string => place !== undefined && existsSync(place));
  if (!found) throw new Error('there is no agent to test: build iota, or name one in IOTA_PROGRAM');
  return found;
}
