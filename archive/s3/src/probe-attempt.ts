import { S3ServiceException } from "@aws-sdk/client-s3";
import { outcomeOf } from "./outcome.ts";

/**
 * Asks the store for what it must refuse. Whether it did shows in what is stored afterwards, not in its answer.
 *
 * @returns whether the answer was success
 * @throws what left the outcome unknown: no answer, or a failure of the store's own
 */
export async function attempt(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    const status = error instanceof S3ServiceException ? (error.$metadata.httpStatusCode ?? 0) : 0;
    if (status >= 400 && status < 500 && outcomeOf(error) !== "full") return false;
    throw error;
  }
}
