import { type CDPSession, type Page } from '@playwright/test';

/** A device that keeps passkeys, in a page of Chromium. It answers at once, as one whose owner is there. */
export class Authenticator {
  private constructor(
    private readonly session: CDPSession,
    private readonly authenticatorId: string,
  ) {}

  /** One that computes keys (PRF), or cannot. */
  static async plugIn(page: Page, { prf = true } = {}): Promise<Authenticator> {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable', { enableUI: false });
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        ctap2Version: 'ctap2_1',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        hasPrf: prf,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    return new Authenticator(session, authenticatorId);
  }

  /** Whether it takes the finger that it is shown. */
  async recognises(itsOwner: boolean): Promise<void> {
    await this.session.send('WebAuthn.setUserVerified', { authenticatorId: this.authenticatorId, isUserVerified: itsOwner });
  }

  /** Whether it answers at once. Otherwise its prompt stays open. */
  async answers(atOnce: boolean): Promise<void> {
    await this.session.send('WebAuthn.setAutomaticPresenceSimulation', { authenticatorId: this.authenticatorId, enabled: atOnce });
  }

  /** The passkeys that it keeps: for which name, and whether they are found without their id. */
  async passkeys(): Promise<{ name?: string; isDiscoverable: boolean }[]> {
    const { credentials } = await this.session.send('WebAuthn.getCredentials', { authenticatorId: this.authenticatorId });
    return credentials.map(({ rpId, isResidentCredential }) => ({ name: rpId, isDiscoverable: isResidentCredential }));
  }

  /** Its owner deletes all of them there. */
  async clear(): Promise<void> {
    await this.session.send('WebAuthn.clearCredentials', { authenticatorId: this.authenticatorId });
  }
}
