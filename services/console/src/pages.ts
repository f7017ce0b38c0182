import { aboutPages } from "./about/about-pages.ts";
import { approvalPages } from "./approvals/approval-pages.ts";
import { calendarPages } from "./calendars/calendar-pages.ts";
import { healthPages } from "./health/health-pages.ts";
import { picturePages } from "./health/picture-pages.ts";
import { upkeepPages } from "./health/upkeep-pages.ts";
import { homePages } from "./home/home-pages.ts";
import { exportPages } from "./exporting/export-pages.ts";
import { matterActPages } from "./matters/matter-act-pages.ts";
import { matterListPages } from "./matters/matter-list-pages.ts";
import { matterPages } from "./matters/matter-pages.ts";
import { newMatterPages } from "./matters/new-matter-pages.ts";
import { noticePages } from "./matters/notice-pages.ts";
import { statementPages } from "./matters/statement-pages.ts";
import { ownLinkPages } from "./my/link-pages.ts";
import { capturedPictures } from "./my/captured-pictures.ts";
import { myPages } from "./my/my-pages.ts";
import { replyPages } from "./my/reply-pages.ts";
import type { Page } from "./page.ts";
import { governedAccountPages } from "./registry/account-pages.ts";
import { agentPages } from "./registry/agent-pages.ts";
import { custodianPages } from "./registry/custodian-pages.ts";
import { devicePages } from "./registry/device-pages.ts";
import { importPages } from "./registry/import-pages.ts";
import { participantPages } from "./registry/participant-pages.ts";
import { postPages } from "./registry/post-pages.ts";
import { searchPages } from "./searching/search-pages.ts";
import { selectionPages } from "./searching/selection-pages.ts";
import { peoplePages } from "./people/people-pages.ts";
import { rolesPages } from "./roles/roles-pages.ts";
import { accountPages } from "./sign-in/account-pages.ts";
import { confirmPages } from "./sign-in/confirm-pages.ts";
import { directoryPages } from "./sign-in/directory-pages.ts";
import { linkPages } from "./sign-in/link-pages.ts";
import { signInPages } from "./sign-in/sign-in-pages.ts";
import { auditPages } from "./reader/audit-pages.ts";
import { conversationPages } from "./reader/conversation-pages.ts";
import { recordPages } from "./reader/record-pages.ts";
import { selectPages } from "./reader/select-pages.ts";

/** Every page of the console. */
export const PAGES: readonly Page[] = [
  ...aboutPages,
  ...homePages,
  ...matterListPages,
  ...newMatterPages,
  ...matterActPages,
  ...matterPages,
  ...exportPages,
  ...myPages,
  ...capturedPictures,
  ...ownLinkPages,
  ...replyPages,
  ...statementPages,
  ...noticePages,
  ...calendarPages,
  ...approvalPages,
  ...searchPages,
  ...selectionPages,
  ...signInPages,
  ...directoryPages,
  ...confirmPages,
  ...linkPages,
  ...accountPages,
  ...peoplePages,
  ...rolesPages,
  ...conversationPages,
  ...selectPages,
  ...recordPages,
  ...auditPages,
  ...healthPages,
  ...picturePages,
  ...upkeepPages,
  ...importPages,
  ...custodianPages,
  ...postPages,
  ...participantPages,
  ...governedAccountPages,
  ...devicePages,
  ...agentPages,
];
