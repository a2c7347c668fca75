import { defineConfig } from '@playwright/test';

/** Flags for a closed network and for root; the browser is the system's own. */
const flags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export default defineConfig({
  testDir: 'tests',
  outputDir: process.env.IOTABACKUP_E2E_OUTPUT ?? 'test-results',
  workers: 1,
  forbidOnly: true,
  reporter: 'list',
  timeout: 60_000,
  use: {
    browserName: 'chromium',
    launchOptions: { executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: flags },
    locale: 'en-GB',
    timezoneId: 'UTC',
  },
});
