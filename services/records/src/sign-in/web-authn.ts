import { RecordsError } from "../error.ts";
import type { Assertion, Registration } from "./authenticator-answers.ts";
import type { PasskeyDetail } from "./sign-in-facts.ts";

/** Loaded when somebody first signs in: a start needs not wait for it. */
const library = () => import("@simplewebauthn/server");

/** The name that authenticators show. */
const RP_NAME = "Daybook";
/** EdDSA, ES256 and RS256, of COSE: what authenticators have. */
const ALGORITHMS = [-8, -7, -257];

export type NewCredential = Omit<PasskeyDetail, "id" | "person" | "label">;

/** A credential as it is kept. */
export interface KnownCredential {
  readonly id: string;
  readonly publicKey: Buffer;
  readonly counter: number;
}

/** WebAuthn for one origin: the user is always verified, and the authenticator finds the credential by itself. */
export class WebAuthn {
  readonly #origin: string;
  readonly #rpId: string;

  /** @param origin of the console; its host is the RP id, to which passkeys are bound */
  constructor(origin: string) {
    this.#origin = origin;
    this.#rpId = new URL(origin).hostname;
  }

  async registrationOptions(user: { handle: Uint8Array; name: string; has: readonly string[] }) {
    return (await library()).generateRegistrationOptions({
      rpName: RP_NAME,
      rpID: this.#rpId,
      userID: new Uint8Array(user.handle),
      userName: user.name,
      userDisplayName: user.name,
      attestationType: "none",
      supportedAlgorithmIDs: ALGORITHMS,
      excludeCredentials: user.has.map((id) => ({ id })),
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
    });
  }

  /** @param of whose passkey it has to be: anybody's where nothing is given */
  async authenticationOptions(of?: readonly string[]) {
    return (await library()).generateAuthenticationOptions({
      rpID: this.#rpId,
      userVerification: "required",
      ...(of && { allowCredentials: of.map((id) => ({ id })) }),
    });
  }

  /** @throws {RecordsError} `sign-in-refused` */
  async verifyRegistration(answer: Registration, challenge: string): Promise<NewCredential> {
    const { verifyRegistrationResponse } = await library();
    const { registrationInfo: made } = await refusing(
      verifyRegistrationResponse({
        response: { ...answer, authenticatorAttachment: undefined } as never,
        expectedChallenge: challenge,
        expectedOrigin: this.#origin,
        expectedRPID: this.#rpId,
        requireUserVerification: true,
        supportedAlgorithmIDs: ALGORITHMS,
      }),
    );
    if (!made) throw notAccepted();
    return {
      credential: made.credential.id,
      publicKey: Buffer.from(made.credential.publicKey).toString("base64url"),
      transports: answer.response.transports,
      counter: made.credential.counter,
      aaguid: made.aaguid,
      backedUp: made.credentialBackedUp,
    };
  }

  /** @returns what the authenticator counted. @throws {RecordsError} `sign-in-refused` */
  async verifyAssertion(answer: Assertion, challenge: string, known: KnownCredential): Promise<number> {
    const { verifyAuthenticationResponse } = await library();
    const { verified, authenticationInfo } = await refusing(
      verifyAuthenticationResponse({
        response: { ...answer, authenticatorAttachment: undefined } as never,
        expectedChallenge: challenge,
        expectedOrigin: this.#origin,
        expectedRPID: this.#rpId,
        requireUserVerification: true,
        credential: { id: known.id, publicKey: new Uint8Array(known.publicKey), counter: known.counter },
      }),
    );
    if (!verified) throw notAccepted();
    return authenticationInfo.newCounter;
  }
}

/** The library's own words quote what was sent, so they go no further. */
async function refusing<T>(verifying: Promise<T>): Promise<T> {
  try {
    return await verifying;
  } catch {
    throw notAccepted();
  }
}

export function notAccepted(): RecordsError {
  return new RecordsError("sign-in-refused", "that passkey was not accepted: try again, or use another");
}
