import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, type Page } from '@playwright/test';
import { blake3 } from '@noble/hashes/blake3.js';
import { type Agent } from '../support/agent';
import { type Appliance } from '../support/appliance';
import { toBase32 } from '../support/base32';
import { bytes } from '../support/bytes';
import { expect, newBrowser, test } from '../support/fixtures';
import { bytesOfText, derived, entropyOf, keysOfMachine, partsOfCode, publicKeyOf } from '../support/kept';
import { type Chunk, Commit, Slot, chunksOf, keysOfAccount, loginKeys, openSealed, slotsOf } from '../support/opened';
import { Person, enterFolder, entry, saved, savedAt } from '../support/person';
import { Recorder } from '../support/recorder';
import { type Place, Search, type Secret, content, text } from '../support/search';
import { stored } from '../support/storage';
import { type Watch, hydrated } from '../support/watch';

test.use({ own: 'secrets' });
test.describe.configure({ mode: 'default' });

const PASSPHRASE = 'seven quiet lanterns over gravel 12';
const MACHINE = 'zinnia-observatory-5519';
const LABEL = 'Ultramarine cupboard № 6120';
const FOLDER = 'Quartzite expedition 2093';
const NOTE = 'Zinnobergrün, Übersicht 7741.txt';
const PHOTO = 'vermilion-ledger-3391.raw';
const MARKER = `the cormorant keeps nine amber keys, ${randomUUID()}`;
const NOTE_CONTENT = Buffer.from(`Under the third stair ${MARKER}; under the fourth there is nothing.\n`);
const PHOTO_CONTENT = bytes(1_000_000, 77);

let recorder: Recorder;
let context: BrowserContext;
let page: Page;
let watch: Watch;
let ada: Person;
let machine: Agent;
let code: string;
let keys: Keys;
let secrets: Secret[];

/** What derives from the secrets of the story, and is kept by nobody. */
type Keys = {
  account: ReturnType<typeof keysOfAccount>;
  login: ReturnType<typeof loginKeys>;
  passphrase: Buffer;
  chunks: Chunk[];
};

/** From the set-up token to a vault that a key file opens, with everything that a server could overhear on the way. */
async function story(appliance: Appliance): Promise<void> {
  ada = await Person.signUp(page, await appliance.setupToken(), { passphrase: PASSPHRASE });

  await page.getByRole('link', { name: 'Keep your key' }).first().click();
  await page.getByRole('button', { name: 'Make a key file' }).click();
  ada.keyFile = await saved(page, page.getByRole('button', { name: 'Save the key file' }));
  await page.getByRole('button', { name: 'Done' }).click();
  await ada.prove(page, page.getByRole('button', { name: /^Remove key file/ }));

  machine = appliance.agent(MACHINE, recorder.url);
  mkdirSync(join(machine.files, FOLDER));
  writeFileSync(join(machine.files, FOLDER, NOTE), NOTE_CONTENT);
  writeFileSync(join(machine.files, FOLDER, PHOTO), PHOTO_CONTENT);
  await page.getByRole('navigation', { name: 'Main' }).first().getByRole('link', { name: 'Machines' }).click();
  await page.getByRole('main').getByRole('link', { name: /Add a machine/ }).first().click();
  ({ code } = await ada.makeLine(page));
  const address = await ada.letIn(page, machine, code);
  expect(await machine.backUp()).toMatchObject({ seq: 1, files: 2, gap_count: 0 });
  await expect(page.getByText(/It is protected, up to/)).toBeVisible({ timeout: 20_000 });

  await page.getByRole('main').getByRole('link', { name: 'Go to its page' }).click();
  await page.getByLabel('Name', { exact: true }).fill(LABEL);
  await page.getByRole('button', { name: 'Rename' }).click();
  await expect(page.getByRole('heading', { name: LABEL })).toBeVisible();
  const views = page.getByRole('navigation', { name: 'Views of the machine' });
  await views.getByRole('link', { name: 'Timeline' }).click();
  await expect(page.getByRole('main').getByRole('table').getByRole('row')).toHaveCount(2);
  await views.getByRole('link', { name: 'Browse' }).click();
  await takeOut(NOTE, NOTE_CONTENT);

  await page.goto('/settings');
  await hydrated(page);
  await page.getByRole('main').getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your files, kept by a server that cannot read them.');
  await ada.signIn(page, `${address}/browse`);
  await ada.unlockWithKeyFile(page);
  await takeOut(PHOTO, PHOTO_CONTENT);
}

/** Downloads a file from the top of what the machine keeps. */
async function takeOut(name: string, kept: Buffer): Promise<void> {
  await enterFolder(page, `${machine.files.slice(1)}/${FOLDER}`);
  await entry(page, name).click();
  const panel = page.getByRole('complementary', { name: 'Chosen file' });
  const file = await savedAt(page, panel.getByRole('button', { name: /^Download/ }));
  expect(readFileSync(file).equals(kept)).toBe(true);
}

/** Opens the slot of the kit with its words, and derives the rest by docs/format. */
function keysOfStory(): Keys {
  const slot = new Slot(bytesOfText('IOTA-SLOT-1', ada.kitCode));
  const account = keysOfAccount(slot.open(derived('recovery words', entropyOf(ada.words))), slot.account, commit().set);
  const objects = uploaded();
  return {
    account,
    login: loginKeys(ada.login, ada.password, Buffer.from(answerOf(/^GET \/api\/v1\/server$/).server_id, 'hex')),
    passphrase: slotOfKind(1).keyOf(PASSPHRASE),
    chunks: [NOTE_CONTENT, PHOTO_CONTENT].flatMap((content) => chunksOf(content, objects, account.K_dedup)),
  };
}

/** The newest slot of a kind that the server showed. */
function slotOfKind(kind: number): Slot {
  const slots = slotsOf(Buffer.from(answerOf(/^GET \/api\/v1\/vault$/).slot_list, 'base64'));
  const slot = slots.find((slot) => slot.kind === kind);
  if (!slot) throw new Error(`there is no slot of kind ${kind}`);
  return slot;
}

/** The last answer to a question. */
function answerOf(name: RegExp) {
  const exchange = recorder.find(name).filter(({ status }) => status === 200).at(-1);
  if (!exchange) throw new Error(`nobody asked ${name}`);
  return JSON.parse(exchange.answer.toString());
}

/** The machine's first commit. */
function commit(): Commit {
  const [first] = recorder.find(/^POST \/api\/v1\/agent\/uploads\/[0-9a-f]+\/commit$/);
  return new Commit(first.body);
}

/** What no server may learn (docs/security.md). */
function secretsOfStory(): Secret[] {
  const [keyLine, slotLine] = (ada.keyFile ?? '').trim().split('\n');
  const keyOfFile = bytesOfText('IOTA-KEY-1', keyLine);
  const entropy = entropyOf(ada.words);
  const { secret: ofCode } = partsOfCode(code);
  const { keys: ofMachine } = keysOfMachine(identity());
  return [
    ...text('the password', ada.password),
    ...text('the passphrase', PASSPHRASE),
    ...[' ', ', ', ',', '","', '-', '\n', ''].flatMap((between) => text('the recovery words', ada.words.join(between))),
    { what: 'the entropy of the words', bytes: entropy },
    { what: 'the key of the words', bytes: derived('recovery words', entropy) },
    ...text('the kit', ada.kit),
    ...text('the code of the kit', ada.kitCode),
    ...text('the key file', ada.keyFile ?? ''),
    ...text('the first line of the key file', keyLine),
    ...text('the second line of the key file', slotLine),
    { what: 'the secret of the key file', bytes: keyOfFile },
    { what: 'the key of the key file', bytes: derived('key file', keyOfFile) },
    ...text('the enrolment code', code),
    { what: 'the secret of the enrolment code', bytes: ofCode },
    ...['enrol hello', 'enrol confirm', 'enrol psk'].map((name) => ({ what: `the key ${name}`, bytes: derived(name, ofCode) })),
    ...Object.entries(ofMachine).map(([name, bytes]) => ({ what: `the machine's ${name}`, bytes })),
    ...Object.entries(keys.account).map(([name, bytes]) => ({ what: `the account's ${name}`, bytes })),
    { what: 'the stretched password', bytes: keys.login.stretched },
    { what: 'the stretched passphrase', bytes: keys.passphrase },
    // Of pages of the state, which are chunks, too, only the names in them are looked for: where they end cannot be known from outside.
    ...keys.chunks.flatMap(({ bytes, key }, place) => [
      { what: `the key of chunk ${place}`, bytes: key },
      { what: `the sealing key of chunk ${place}`, bytes: derived('chunk enc', key) },
      { what: `the nonce key of chunk ${place}`, bytes: derived('chunk nonce', key) },
      { what: `the BLAKE3 of chunk ${place}`, bytes: Buffer.from(blake3(bytes)) },
    ]),
    ...text('the name of the machine', MACHINE),
    ...text('its new name', LABEL),
    ...text('the path that is backed up', machine.files.slice(1)),
    ...text('the name of the folder', FOLDER),
    ...text('the name of the note', NOTE),
    ...text('the name of the photo', PHOTO),
    ...text('the words in the note', MARKER),
    ...content('the note', NOTE_CONTENT),
    ...content('the photo', PHOTO_CONTENT),
  ];
}

/** What the machine keeps of its enrolment. */
function identity(): Buffer {
  return readFileSync(join(machine.home, 'config/identity'));
}

function sent(): Place[] {
  return recorder.exchanges.flatMap((exchange) => exchange.sentPlaces);
}

function answered(): Place[] {
  return recorder.exchanges.flatMap((exchange) => exchange.answerPlaces);
}

test.beforeAll(async ({ browser, appliance }) => {
  test.setTimeout(180_000);
  recorder = await Recorder.start(appliance.url);
  ({ context, watch } = await newBrowser(browser, recorder.url));
  page = await context.newPage();
  await story(appliance);
  keys = keysOfStory();
  secrets = secretsOfStory();
  watch.check();
});

test.afterAll(async () => {
  await context.close();
  await recorder.stop();
});

test('the recording has all of the story', () => {
  const [signIn, ...more] = recorder.find(/^POST \/api\/v1\/login$/);
  expect([signIn.status, more.length]).toEqual([200, 0]);
  expect(JSON.parse(signIn.body.toString())).toMatchObject({ login: ada.login, auth_secret: expect.stringMatching(/^[0-9a-f]{64}$/) });

  const objects = uploaded();
  expect(objects.length).toBeGreaterThan(2);
  expect(objects.reduce((sum, object) => sum + object.length, 0)).toBeGreaterThan(PHOTO_CONTENT.length);

  const heard = recorder.find(/^GET \/api\/v1\/events/).map(({ answer }) => answer.toString());
  expect(heard.join('')).toContain('data:');
});

/** Every object that the machine sent. */
function uploaded(): Buffer[] {
  return recorder.find(/^POST \/api\/v1\/agent\/uploads\/[0-9a-f]+\/objects$/).flatMap(({ body }) => objectsOf(body));
}

/** The objects of an upload (docs/format/frames.md); each has the hash of its bytes for a name. */
function objectsOf(frames: Buffer): Buffer[] {
  const objects: Buffer[] = [];
  for (let at = 0; at < frames.length; ) {
    const [cid, length] = [frames.subarray(at + 1, at + 33), frames.readUInt32LE(at + 33)];
    const object = frames.subarray(at + 37, at + 37 + length);
    expect(Buffer.from(blake3(object)).equals(cid)).toBe(true);
    objects.push(object);
    at += 37 + length;
  }
  return objects;
}

test('what is looked for is what the clients work with', () => {
  const { account, login, passphrase, chunks } = keys;
  const shown = answerOf(/^GET \/api\/v1\/vault$/);
  expect(publicKeyOf(account.identity).toString('hex')).toBe(shown.identity);
  expect(slotOfKind(1).open(passphrase).equals(account.master)).toBe(true);
  expect(slotOfKind(2).account.toString('hex')).toBe(shown.account);
  const keyOfFile = bytesOfText('IOTA-KEY-1', (ada.keyFile ?? '').trim().split('\n')[0]);
  expect(slotOfKind(3).open(derived('key file', keyOfFile)).equals(account.master)).toBe(true);
  const { K_dedup, K_chunker, K_live } = keysOfMachine(identity()).keys;
  expect([account.K_dedup, account.K_chunker, account.K_live]).toEqual([K_dedup, K_chunker, K_live]);

  const [signIn] = recorder.find(/^POST \/api\/v1\/login$/);
  expect(JSON.parse(signIn.body.toString()).auth_secret).toBe(login.authSecret.toString('hex'));
  // LK_0 opens the first commit, and K_label the name.
  expect(commit().seq).toBe(1n);
  expect(commit().open(account.BK_0).length).toBeGreaterThan(0);
  const [rename] = recorder.find(/^PUT \/api\/v1\/sets\/[0-9a-f]+\/label$/).slice(-1);
  const label = Buffer.from(JSON.parse(rename.body.toString()).label, 'base64');
  const aad = Buffer.concat([Buffer.from('iotabackup/label/v1\0'), commit().set]);
  expect(openSealed(account.K_label, label, aad).toString().trimEnd()).toBe(LABEL);
  expect(Buffer.concat(chunks.map(({ bytes }) => bytes)).equals(Buffer.concat([NOTE_CONTENT, PHOTO_CONTENT]))).toBe(true);
  expect(chunks.length).toBeGreaterThan(2);
});

test('the search sees what the server may know', () => {
  const login = new Search(text('the login', ada.login));
  expect(login.in(sent())).toContain('the login, as it is, in the body of POST /api/v1/login');
  // Slots are the server's to keep, and worthless without what opens them.
  const slot = new Search([{ what: 'the slot', bytes: bytesOfText('IOTA-SLOT-1', ada.kitCode) }]);
  expect(slot.in(sent())).toContain('the slot, base64, in the body of POST /api/v1/accounts');
  const relay = new Search(text('the id of the code', partsOfCode(code).id.toString('hex')));
  expect(relay.in(sent()).join()).toContain('in the head of PUT /api/v1/enrolments/');
  const key = new Search([{ what: 'the public key', bytes: keysOfMachine(identity()).signingKey }]);
  expect(key.in(sent()).join()).toContain('the public key, hex, in the body of PUT /api/v1/enrolments/');
  // Answers come packed.
  const program = new Search(text('words of a page', 'Make a one-time line'));
  expect(program.in(answered()).join()).toContain('in the answer to GET /assets/iota-');
});

test('no client sends a secret', () => {
  expect(new Search(secrets).in(sent())).toEqual([]);
});

test('no answer holds a secret', () => {
  expect(new Search(secrets).in(answered())).toEqual([]);
});

test('the browser keeps no secret', async () => {
  const places = await stored(page);
  const names = places.map(({ where }) => where);
  expect(names).toEqual(expect.arrayContaining(['localStorage', 'sessionStorage', 'IndexedDB iota-witness accounts', 'IndexedDB iota-pages even']));
  expect(new Search(secrets).in(places)).toEqual([]);
});

test('the search finds what is planted, and nothing else', async () => {
  const begun = recorder.exchanges.length;
  const { secret } = partsOfCode(code);
  const escaped = [...NOTE].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
  const planted: [string, RequestInit][] = [
    ['/1', { method: 'POST', body: JSON.stringify({ x: Buffer.from(`?${ada.password}!`).toString('base64') }) }],
    ['/2', { method: 'POST', body: `x=${Buffer.from(ada.password).toString('hex').toUpperCase()}` }],
    ['/3', { method: 'POST', body: `{"name":"${escaped}"}` }],
    [`/4?${encodeURIComponent(FOLDER)}`, {}],
    ['/5', { headers: { 'x-note': PHOTO_CONTENT.subarray(5_001, 5_041).toString('base64url') } }],
    ['/6', { method: 'POST', body: Buffer.from(PASSPHRASE, 'utf16le') }],
    ['/7', { method: 'POST', body: `0${toBase32(Buffer.concat([Buffer.from('abc'), secret]))}` }],
    ['/8', { method: 'POST', body: Buffer.from(JSON.stringify({ name: LABEL })).toString('base64') }],
    ['/9', { method: 'POST', body: NOTE_CONTENT.subarray(3, 3 + 31) }],
    ['/10', { method: 'POST', body: JSON.stringify(ada.words) }],
    ['/11', { method: 'POST', body: Buffer.from(blake3(NOTE_CONTENT)).toString('hex') }],
    ['/12', { method: 'POST', body: keys.account.master.toString('base64') }],
    ['/13', { headers: { 'x-note': keys.chunks[1].key.toString('hex') } }],
  ];
  for (const [path, options] of planted) await fetch(`${recorder.url}/planted${path}`, options);
  const places = recorder.exchanges.slice(begun).flatMap((exchange) => exchange.sentPlaces);
  expect(new Search(secrets).in(places)).toEqual([
    'the password, base64, in the body of POST /planted/1',
    'the password, hex, in the body of POST /planted/2',
    'the name of the note, escaped for JSON, in the body of POST /planted/3',
    `the name of the folder, escaped for an address, in the head of GET /planted/4?${encodeURIComponent(FOLDER)}`,
    'the photo, base64, in the head of GET /planted/5',
    'the passphrase (UTF-16), as it is, in the body of POST /planted/6',
    'the secret of the enrolment code, base32, in the body of POST /planted/7',
    'its new name, base64, in the body of POST /planted/8',
    'the recovery words, as it is, in the body of POST /planted/10',
    'the BLAKE3 of chunk 0, hex, in the body of POST /planted/11',
    'the BLAKE3 of the note, hex, in the body of POST /planted/11',
    "the account's master, base64, in the body of POST /planted/12",
    'the key of chunk 1, hex, in the head of GET /planted/13',
  ]);
});

test('the search finds what is planted in the browser', async () => {
  const words = { password: ada.password, passphrase: PASSPHRASE, folder: FOLDER, note: NOTE, photo: [...PHOTO_CONTENT.subarray(70_003, 70_043)] };
  await page.evaluate(async ({ password, passphrase, folder, note, photo }) => {
    localStorage.setItem('planted', btoa(`?${password}`));
    sessionStorage.setItem(folder, 'planted');
    document.cookie = `planted=${encodeURIComponent(passphrase)}`;
    await new Promise((done) => {
      const opening = indexedDB.open('planted');
      opening.onupgradeneeded = () => {
        const objects = opening.result.createObjectStore('objects');
        objects.put({ deep: [new Map([['x', { here: new Uint8Array(photo).buffer }]])] }, 1);
      };
      opening.onsuccess = done;
    });
    await (await caches.open('planted')).put('/planted', new Response(new Blob([note])));
  }, words);
  expect(new Search(secrets).in(await stored(page))).toEqual([
    'the password, base64, in localStorage',
    'the name of the folder, as it is, in sessionStorage',
    'the passphrase, escaped for an address, in cookies',
    'the photo, as it is, in IndexedDB planted objects',
    'the name of the note, as it is, in Cache planted',
  ]);
});
