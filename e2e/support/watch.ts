import { type BrowserContext, type Page, expect } from '@playwright/test';

/**
 * What pages must never do: log a warning or an error, break a policy (also one that is only reported), fetch from elsewhere,
 * fail to fetch. It covers every page of a browser context, their Workers and the service worker.
 */
export class Watch {
  readonly seen: string[] = [];
  private readonly expected: RegExp[] = [];
  private readonly tolerated: RegExp[] = [];

  constructor(
    context: BrowserContext,
    private readonly origin: string,
  ) {
    context.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') {
        this.note(`console: ${message.text()} at ${message.location().url}`);
      }
    });
    context.on('weberror', (error) => this.note(`error: ${error.error().message}`));
    context.on('requestfailed', (request) => this.failed(request.url(), request.failure()?.errorText ?? ''));
    // Of pages, of their Workers, and of service workers.
    context.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(`${origin}/`) && !url.startsWith(`blob:${origin}/`)) this.note(`elsewhere: ${url}`);
    });
  }

  /** Before the first page. */
  async begin(context: BrowserContext): Promise<void> {
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`policy ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`),
      );
    });
  }

  /** Something that the browser itself will log, as an answer of 401 to a wrong password. It must come, or the test fails. */
  expect(...logged: RegExp[]): void {
    this.expected.push(...logged);
  }

  /** Something that the browser may log, or not: which of several depends on the moment. */
  tolerate(pattern: RegExp): void {
    this.tolerated.push(pattern);
  }

  /** Fails if anything was seen that was not expected, or the other way round. */
  check(): void {
    const missing = [...this.expected];
    const left = this.seen.filter((line) => {
      const place = missing.findIndex((pattern) => pattern.test(line));
      if (place >= 0) missing.splice(place, 1);
      return place < 0 && ![...this.expected, ...this.tolerated].some((pattern) => pattern.test(line));
    });
    this.seen.length = this.expected.length = this.tolerated.length = 0;
    expect(left).toEqual([]);
    expect(missing.map(String), 'what the browser should have logged').toEqual([]);
  }

  private note(line: string): void {
    this.seen.push(line);
  }

  private failed(url: string, why: string): void {
    // A page that is left ends its stream of events and what it still fetched; a download is no page.
    if (why === 'net::ERR_ABORTED') return;
    this.note(`failed: ${url} ${why}`);
  }
}

/** The log line of the browser for an answer with this status. */
export function answered(status: number, path: string): RegExp {
  const escaped = path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^console: Failed to load resource: .* status of ${status} .*${escaped}`);
}

/** Waits until the program has taken over the page. */
export async function hydrated(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveAttribute('data-hydrated', '');
}
