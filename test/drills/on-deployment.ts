import { deploy, type Deployment, type DeploymentOptions } from "../deployment/deployment.ts";
import type { Course } from "./course.ts";

/**
 * Starts a deployment, does something to it, and removes it.
 *
 * @returns false when an engine is missing
 */
export async function onDeployment(
  course: Course,
  options: DeploymentOptions,
  drill: (deployment: Deployment) => Promise<void>,
): Promise<boolean> {
  const deployment = await course.step("start a deployment", () => deploy(options));
  if (!deployment) return false;
  try {
    await drill(deployment);
  } finally {
    await deployment.remove();
  }
  return true;
}
