import type { Fields } from "./fields.ts";
import { joined } from "./reading.ts";
import { bodyOf } from "./stable.ts";

/** What businesses send: menus, buttons, products, orders and payments, in words. */

export function listOf(fields: Fields): string {
  const { list } = fields;
  const rows = (list?.sections ?? []).flatMap(({ title, rows: of }) => [
    title,
    ...of.map((row) => `- ${joined([row.title, row.description])}`),
  ]);
  const said = joined([list?.title ?? fields.title, list?.description ?? bodyOf(fields)], "\n");
  return joined([said, ...rows, list?.footerText ?? fields.footer], "\n") || "List";
}

export function buttonsOf(fields: Fields): string {
  const { title, footer, dynamicReplyButtons, hydratedButtons, interactivePayload, interactiveHeader } =
    fields;
  const buttons = [
    ...dynamicReplyButtons.map(({ buttonText }) => buttonText?.displayText),
    ...hydratedButtons.flatMap(({ quickReplyButton, urlButton, callButton }) =>
      [quickReplyButton, urlButton, callButton].map(
        (one) => one && joined([one.displayText, one.url, one.phoneNumber]),
      ),
    ),
    ...(interactivePayload?.buttons ?? []).map((one) => joined([one.name, one.buttonParamsJson], " ")),
  ].filter(Boolean);
  const header = joined([interactiveHeader?.title ?? title, interactiveHeader?.subtitle]);
  return joined([header, bodyOf(fields), ...buttons.map((one) => `- ${one ?? ""}`), footer], "\n");
}

export function productOf({ title, description, priceAmount1000, currencyCode, ...fields }: Fields): string {
  const price = moneyOf(priceAmount1000, currencyCode);
  const id = fields.retailerId ?? fields.productId;
  return joined([
    `Product: ${joined([title, price, id, fields.url])}`,
    description,
    fields.caption,
    fields.footer,
  ]);
}

export function orderOf({ message, orderTitle, itemCount, ...fields }: Fields): string {
  const total = moneyOf(fields.totalAmount1000, fields.totalCurrencyCode);
  const items = itemCount !== null && itemCount !== undefined && `${itemCount} items`;
  return joined([message, `Order: ${joined([orderTitle, items, total])}`], "\n");
}

/** As Signal's: `Payment: note`. */
export function paymentOf(fields: Fields): string {
  const { paymentAmount1000, paymentCurrency, paymentNoteMsg, paymentMessageReceiverJid: to } = fields;
  const money = moneyOf(paymentAmount1000, paymentCurrency);
  return `Payment: ${joined([money, to !== undefined && `to ${to}`, paymentNoteMsg?.body])}`.trim();
}

function moneyOf(amount1000: number | null | undefined, currency: string | null | undefined) {
  return amount1000 === null || amount1000 === undefined
    ? undefined
    : joined([`${amount1000 / 1_000}`, currency], " ");
}
