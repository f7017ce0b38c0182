import { join } from "node:path";
import { mayDo, type Action, type Principal } from "@daybook/runtime";
import nunjucks from "nunjucks";
import { type Assets, GOVUK } from "../assets.ts";
import {
  formatBoundary,
  formatBytes,
  formatClock,
  formatCount,
  formatDay,
  formatMoment,
  formatWall,
} from "../format.ts";
import type { FieldError } from "../page.ts";
import { navigation } from "../navigation.ts";
import type { Texts } from "../texts.ts";

const VIEWS = join(import.meta.dirname, "..", "views");

/** What every page shows besides its own data. */
export interface Frame {
  readonly principal: Principal | undefined;
  /** Of the page, without its query. */
  readonly path: string;
  readonly csrf: string;
  /** A key of the texts: what was just done. */
  readonly done: string | undefined;
  /** Whether this is a trial with made-up messages. */
  readonly sample: boolean;
  /** Where agents on devices come to; undefined where none are taken. */
  readonly agentsAt: string | undefined;
}

/** Draws a template. Everything that is put into it is escaped. */
export type Draw = (name: string, data: Readonly<Record<string, unknown>>, frame: Frame) => string;

/** @param of.pages paths that there are */
export function createViews(of: { texts: Texts; assets: Assets; pages: ReadonlySet<string> }): Draw {
  const { texts, assets, pages } = of;
  const environment = new nunjucks.Environment(new nunjucks.FileSystemLoader([VIEWS, GOVUK]), {
    autoescape: true,
    trimBlocks: true,
    lstripBlocks: true,
  });
  const said = (text: string) => {
    const [key = "", otherwise] = text.split("|", 2);
    if (/^[a-z-]+:/.test(key) && texts.has(key)) return texts.text(key);
    return otherwise === undefined ? text : otherwise.replace(/^\p{Ll}/u, (first) => first.toUpperCase());
  };
  environment.addGlobal("t", (key: string, values?: Record<string, unknown>) => texts.text(key, values));
  environment.addGlobal("has", (key: string) => texts.has(key));
  environment.addGlobal("isPage", (path: string) => pages.has(path));
  environment.addGlobal("asset", (name: string) => assets.url(name));
  environment.addFilter("said", said);
  environment.addFilter("day", formatDay);
  environment.addFilter("clock", formatClock);
  environment.addFilter("moment", formatMoment);
  environment.addFilter("wall", formatWall);
  environment.addFilter("boundary", formatBoundary);
  environment.addFilter("count", formatCount);
  environment.addFilter("bytes", formatBytes);
  environment.addFilter("errorOf", (errors: readonly FieldError[] | undefined, field: string) => {
    const found = errors?.find((one) => one.field === field);
    return found && { text: said(found.text) };
  });
  return (name, data, frame) => {
    const { principal, path } = frame;
    const may = (action: Action) => principal !== undefined && mayDo(principal, action);
    const menu = navigation({ may, path, pages, text: (key) => texts.text(key) });
    return environment.render(`${name}.njk`, {
      ...data,
      ...frame,
      may,
      navigation: menu,
      drawnAt: new Date(),
    });
  };
}
