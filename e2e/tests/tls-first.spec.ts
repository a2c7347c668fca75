import { networkInterfaces } from 'node:os';
import { expect, expectAccessible, expectNarrow, hydrated, test as base } from '../support/fixtures';
import { Recorder } from '../support/recorder';

/** An address of this machine by which a browser takes it for another one. */
function ownAddress(): string | undefined {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address;
}

/** Somebody passes on what comes from the network, without TLS. The server itself refuses to listen there. */
const test = base.extend({
  baseURL: async ({ appliance }, use) => {
    const address = ownAddress();
    base.skip(!address, 'this machine has no address but loopback');
    const passer = await Recorder.start(appliance.url, address);
    await use(passer.url);
    await passer.stop();
  },
});

for (const [device, width, height] of [['desktop', 1440, 1000], ['phone', 390, 844]] as const) {
  test.describe(device, () => {
    test.use({ viewport: { width, height } });

    for (const name of ['sign-in', 'sign-up', 'forgot']) {
      test(`${name} asks for TLS, and for nothing else`, async ({ page, watch }, info) => {
        // The browser does not trust this address either.
        watch.expect(/^console: The Cross-Origin-Opener-Policy header has been ignored, because the URL's origin was untrustworthy/);
        await page.goto(`/${name}`);
        await hydrated(page);
        await expect(page.getByRole('heading', { level: 1 })).toHaveText('This page needs TLS');
        await expect(page.getByText(/^It came by plain HTTP from another machine\./)).toBeVisible();
        const ways = page.getByRole('main').getByRole('definition');
        await expect(ways).toContainText(['--tls self-signed', '--tls-cert FILE --tls-key FILE', '--behind-proxy']);
        await expect(page.locator('input, textarea, select, form')).toHaveCount(0);
        await expectAccessible(page);
        await expectNarrow(page);
        await page.screenshot({ path: info.outputPath(`tls-first-${name}-${device}.png`), fullPage: true });
      });
    }
  });
}
