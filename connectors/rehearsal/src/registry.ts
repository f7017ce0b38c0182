import { accounts, people } from "./cast.ts";

const { minister, secretary, adviser, press } = people;

/** Who held which post, as a file of people that Daybook takes. */
export const REHEARSAL_POSTS = `name,post,unit,group,kind,post_from,post_to,basis
${minister.name},Minister for Transport,Ministerial team,minister,,2025-06-02,,Announcement of 2 June 2025
${secretary.name},Permanent Secretary,Board,board,,2024-09-02,,Letter of appointment
${adviser.name},Policy adviser,Roads and Ports,staff,,2024-01-08,2025-06-09,
${adviser.name},Special Adviser to the Minister,Ministerial team,adviser,,2025-06-09,,Letter of appointment
${press.name},Head of News,Communications,senior,acting,2026-01-05,,
`;

/** Since when the accounts of the week are their custodians', and on which devices: days. */
export const REHEARSAL_DEVICES = [
  { account: accounts.ministerWhatsapp, device: "CORP-0101", from: "2026-01-05" },
  { account: accounts.adviserSignal, device: "CORP-0103", from: "2026-01-05" },
  { account: accounts.secretarySms, device: "CORP-0102", from: "2025-11-03" },
] as const;
