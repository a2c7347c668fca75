import { type Page } from '@playwright/test';

type Listed = { seq: number; received_ms: number; header: string; live_bytes: number };

/** Size of a header's bytes without its type, and of the signature behind them. */
const [HEADER, SIGNATURE] = [253, 64];
/** Where the number, the link to an earlier commit, the length of the body and the time lie behind the type. */
const [SEQ, SKIP, BODY, TIME] = [48, 89, 153, 229];
const APART_MS = 20 * 60_000;

/** A past as a page sees it whose server lists `count` points, each 20 minutes after the one before. */
export class LongPast {
  /** Before which commits the page asked, but for the newest. */
  readonly asked: string[] = [];
  private release = () => {};
  private readonly released = new Promise<void>((resolve) => (this.release = resolve));

  private constructor(
    private readonly real: Listed,
    private readonly count: number,
    private readonly bodies: Record<number, number>,
  ) {}

  /** Begins to answer; pages after the first wait until `goOn`. `bodies`: lengths of sealed bodies, by commit, where they are not that of the newest. */
  static async begin(page: Page, machine: string, count: number, bodies: Record<number, number> = {}): Promise<LongPast> {
    const set = machine.split('/').at(-1);
    const [real] = (await (await page.request.get(`/api/v1/sets/${set}/snapshots?limit=1`)).json()) as Listed[];
    const past = new LongPast(real, count, bodies);
    await page.route(`**/api/v1/sets/${set}/snapshots?*`, async (route) => {
      const query = new URL(route.request().url()).searchParams;
      const before = query.get('before') ?? '';
      const isNewest = BigInt(before) > BigInt(count) + 1n;
      if (!isNewest) {
        past.asked.push(before);
        await past.released;
      }
      await route.fulfill({ json: past.page(isNewest ? count + 2 : Number(before), Number(query.get('limit'))) });
    });
    return past;
  }

  /** Answers what waits, and what comes. */
  goOn(): void {
    this.release();
  }

  /** Commits 2 to `count + 1`, newest first: the first of a machine would be of another kind. */
  private page(before: number, limit: number): Listed[] {
    const length = Math.max(0, Math.min(limit, before - 2));
    return Array.from({ length }, (_, place) => this.point(before - 1 - place));
  }

  private point(seq: number): Listed {
    const header = Buffer.from(this.real.header, 'base64');
    const type = header.length - HEADER - SIGNATURE;
    const at = this.real.received_ms - (this.count + 1 - seq) * APART_MS;
    header.writeBigUInt64LE(BigInt(seq), type + SEQ);
    header.fill((seq & (seq - 1)) === 0 ? 0 : 1, type + SKIP, type + SKIP + 32);
    header.writeBigUInt64LE(BigInt(at), type + TIME);
    if (this.bodies[seq]) header.writeUInt32LE(this.bodies[seq], type + BODY);
    return { ...this.real, seq, received_ms: at, header: header.toString('base64') };
  }
}
