import { aboutScreens } from "./about.ts";
import { agentScreens } from "./agents.ts";
import { approvalScreens } from "./approvals.ts";
import { calendarScreens } from "./calendars.ts";
import { healthScreens } from "./health.ts";
import { exportScreens } from "./exporting.ts";
import { homeScreens } from "./home.ts";
import { matterScreens } from "./matters.ts";
import { myScreens } from "./my.ts";
import { accountScreens, peopleScreens } from "./people.ts";
import { readerScreens } from "./reader.ts";
import { registryScreens } from "./registry.ts";
import type { Screen } from "./screen.ts";
import { searchingScreens } from "./searching.ts";
import { signInScreens } from "./sign-in.ts";

/** Every screen that is looked at: each page of the console in its states. */
export const SCREENS: readonly Screen[] = [
  ...aboutScreens,
  ...signInScreens,
  ...accountScreens,
  ...peopleScreens,
  ...homeScreens,
  ...matterScreens,
  ...calendarScreens,
  ...approvalScreens,
  ...searchingScreens,
  ...readerScreens,
  ...registryScreens,
  ...agentScreens,
  ...healthScreens,
  ...exportScreens,
  ...myScreens,
];
