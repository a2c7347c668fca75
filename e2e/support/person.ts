import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Download, type Locator, type Page, expect } from '@playwright/test';
import { type Agent } from './agent';
import { hydrated } from './watch';

/** What a person chooses when signing up. */
export type Choice = { keyFile?: boolean; passphrase?: string };

/** Looks at each step of the way. */
export type Look = (page: Page) => Promise<void>;

const noLook: Look = async () => {};

/** Somebody with an account, who does everything by the pages. */
export class Person {
  words: string[] = [];
  /** The kit as it was saved. */
  kit = '';
  /** The letters below the words on the sheet. */
  kitCode = '';
  keyFile: string | undefined;

  private constructor(
    readonly login: string,
    public password: string,
    readonly passphrase: string | undefined,
  ) {}

  /** Makes an account by the pages; ends on the page that adds a machine. */
  static async signUp(page: Page, code: string, choice: Choice = {}, look = noLook): Promise<Person> {
    const person = new Person(`ada-${randomInt(1e9)}@example.org`, newPassword(), choice.passphrase);
    await page.goto(`/sign-up#code=${code}`);
    await hydrated(page);
    await expect(page.getByLabel('Invitation or set-up token')).toHaveValue(code);
    // A code in the address would stay in the history.
    await expect(page).toHaveURL('/sign-up');
    await page.getByLabel('E-mail address').fill(person.login);
    await page.getByLabel('Password for signing in').fill(person.password);
    await page.getByRole('button', { name: 'Go on' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Choose what opens your vault');
    if (choice.keyFile) await page.getByRole('checkbox', { name: /^Key file/ }).check();
    if (choice.passphrase) {
      await page.getByRole('checkbox', { name: /^The password for signing in/ }).uncheck();
      await page.getByRole('checkbox', { name: /^A passphrase of its own/ }).check();
      await page.getByRole('textbox', { name: 'Passphrase' }).fill(choice.passphrase);
    }
    await look(page);
    await page.getByRole('button', { name: 'Make the keys' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Keep your key', { timeout: 30_000 });
    await person.keepKit(page, look);
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page).toHaveURL('/machines/add', { timeout: 30_000 });
    return person;
  }

  /** Reads the words off the sheet, saves what can be saved, and types two words back. */
  async keepKit(page: Page, look = noLook): Promise<void> {
    const sheet = page.getByRole('region', { name: 'IotaBackup recovery kit' });
    await expect(sheet.getByRole('listitem')).toHaveCount(12);
    await look(page);
    this.words = (await sheet.getByRole('listitem').allTextContents()).map((word) => word.trim());
    this.kitCode = (await sheet.getByText(/^IOTA-SLOT-1-/).innerText()).trim();
    this.kit = await saved(page, page.getByRole('button', { name: 'Save as text' }));
    // The paper says, as the file does, what it belongs to.
    for (const [, value] of this.kit.matchAll(/^(?:Server|Server id|Login|Account): +(\S+)$/gm)) await expect(sheet).toContainText(value);
    const keyFile = page.getByRole('button', { name: 'Save the key file' });
    if (await keyFile.isVisible()) this.keyFile = await saved(page, keyFile);
    await page.getByRole('button', { name: 'I have it on paper' }).click();
    const asked = page.getByRole('textbox', { name: /^Word \d+$/ });
    await expect(asked).toHaveCount(2);
    for (const field of await asked.all()) {
      const label = await field.evaluate((input: HTMLInputElement) => input.labels?.[0]?.textContent ?? '');
      await field.fill(this.words[Number(label.replace('Word ', '')) - 1]);
    }
    await look(page);
  }

  /** Signs in; ends on `next`, or at home. */
  async signIn(page: Page, next = '/'): Promise<void> {
    await page.goto(next === '/' ? '/sign-in' : `/sign-in?next=${encodeURIComponent(next)}`);
    await hydrated(page);
    await this.fillSignIn(page);
    await expect(page).toHaveURL(next, { timeout: 30_000 });
  }

  /** Fills in the form and sends it. */
  async fillSignIn(page: Page): Promise<void> {
    await page.getByLabel('E-mail address').fill(this.login);
    await page.getByLabel('Password', { exact: true }).fill(this.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  /** Opens the vault by the badge, with the password or passphrase. */
  async unlock(page: Page): Promise<void> {
    const dialog = await this.beginUnlock(page);
    await dialog.getByLabel('Vault password or passphrase').fill(this.passphrase ?? this.password);
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });
    await expect(dialog).toBeHidden();
  }

  /** Opens the vault by the badge, with a key file. */
  async unlockWithKeyFile(page: Page): Promise<void> {
    const dialog = await this.beginUnlock(page);
    await dialog.getByRole('button', { name: 'Key file or saved kit' }).click();
    const file = { name: 'vault.key', mimeType: 'text/plain', buffer: Buffer.from(this.keyFile ?? '') };
    await dialog.getByLabel('Key file, or recovery kit saved as text').setInputFiles(file);
    await dialog.getByRole('button', { name: 'Unlock' }).click();
    await expect(badge(page, 'open')).toBeVisible({ timeout: 30_000 });
    await expect(dialog).toBeHidden();
  }

  /** Opens the dialog. */
  async beginUnlock(page: Page): Promise<Locator> {
    await badge(page, 'locked').click();
    const dialog = page.getByRole('dialog', { name: 'Unlock to read names and files' });
    await expect(dialog).toBeVisible();
    return dialog;
  }

  /** Answers the question who it is, if the page asks it before `next` is to be seen. */
  async prove(page: Page, next: Locator): Promise<void> {
    const dialog = page.getByRole('dialog', { name: 'Is it you?' });
    await expect(dialog.or(next).first()).toBeVisible({ timeout: 30_000 });
    if (!(await dialog.isVisible())) return;
    await dialog.getByLabel('Password for signing in').fill(this.password);
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await expect(next).toBeVisible({ timeout: 30_000 });
  }

  /** On the page that adds a machine: makes a line and gives it, with the code that is in it. */
  async makeLine(page: Page): Promise<{ line: string; code: string }> {
    const lines = page.getByText(/^curl .*IOTA_ENROL_CODE=/);
    const [before] = await lines.allInnerTexts();
    await page.getByRole('button', { name: /^Make a (one-time line|new one)$/ }).click();
    const shown = before ? lines.filter({ hasNotText: codeIn(before) }) : lines;
    await this.prove(page, shown);
    const line = await shown.innerText();
    return { line, code: codeIn(line) };
  }

  /** On the page that adds a machine: adds it. Gives its address; the page shows how its first backup arrives. */
  async addMachine(page: Page, agent: Agent): Promise<string> {
    const { code } = await this.makeLine(page);
    return this.letIn(page, agent, code);
  }

  /** On the page that shows a code: lets in the machine that comes with it. Gives its address. */
  async letIn(page: Page, agent: Agent, code: string): Promise<string> {
    const joining = agent.enrol(code);
    const words = await wordsOf(joining.said);
    await expect(page.getByText(words, { exact: true })).toBeVisible({ timeout: 15_000 });
    await page.getByRole('button', { name: 'Let it in' }).click();
    const link = page.getByRole('main').getByRole('link', { name: 'Go to its page' });
    await this.prove(page, link);
    const { code: status, err } = await joining.ended;
    expect(status, err).toBe(0);
    const address = await link.getAttribute('href');
    if (!address) throw new Error('the page does not say where the machine is');
    return address;
  }
}

function codeIn(line: string): string {
  const code = /IOTA_ENROL_CODE=(\S+)/.exec(line)?.[1];
  if (!code) throw new Error(`there is no code in ${line}`);
  return code;
}

/** The four words that an agent shows when it asks to join. */
export async function wordsOf(said: () => string): Promise<string> {
  const words = () => /The words of this machine are: (.+)/.exec(said())?.[1].trim();
  await expect.poll(words, { message: said(), timeout: 30_000 }).toBeTruthy();
  return words()!;
}

/** The badge that says whether the vault is open, on a wide page or in the bar of a phone. */
export function badge(page: Page, state: 'open' | 'locked'): Locator {
  return page.getByRole('button', { name: state === 'open' ? /^(Vault unlocked|Unlocked)/ : /^(Vault locked|Locked)/ });
}

/** Presses a button that saves a file, and gives what is in it. */
export async function saved(page: Page, button: Locator): Promise<string> {
  return readFileSync(await savedAt(page, button), 'utf8');
}

/** Presses a button that saves a file, and gives where it lies. */
export async function savedAt(page: Page, button: Locator): Promise<string> {
  const coming = page.waitForEvent('download');
  await button.click();
  return kept(await coming);
}

/** Where a download lies, once it has ended well. */
export async function kept(download: Download): Promise<string> {
  const failure = await download.failure();
  expect(failure).toBeNull();
  return download.path();
}

/** A file dialog cannot be answered without a head; the way without one goes through the service worker. */
export async function withoutFileDialog(page: Page): Promise<void> {
  await page.addInitScript(() => delete (window as { showSaveFilePicker?: unknown }).showSaveFilePicker);
}

/** Goes down into folders, from the top of what a machine keeps. */
export async function enterFolder(page: Page, path: string): Promise<void> {
  const folder = page.getByRole('navigation', { name: 'Folder' });
  for (const name of path.split('/').filter(Boolean)) {
    await entry(page, `Folder ${name}`).click();
    await expect(folder).toContainText(name);
  }
}

/** A line of the list of files. */
export function entry(page: Page, name: string): Locator {
  return page.getByRole('grid', { name: 'Files and folders' }).getByRole('link', { name, exact: true });
}

function newPassword(): string {
  const words = ['heron', 'lantern', 'gravel', 'mitten', 'quartz', 'saddle', 'thimble', 'walnut'];
  return Array.from({ length: 5 }, () => `${words[randomInt(words.length)]}${randomInt(100)}`).join(' ');
}
