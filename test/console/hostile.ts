/** Stands in every hostile text: where it is in an address or a title, something of a message is. */
export const MARK = "kzqxmark";

/** An element that no page has: where a document has one, a text was taken for markup. */
export const ELEMENT = "xss-mark";

/**
 * What has been taken for markup, script, templates, addresses or headers elsewhere. Each has the mark in it, and what
 * would be markup makes the element.
 */
export const HOSTILE: readonly string[] = [
  `<script>document.body.append("${MARK}")</script><${ELEMENT}>`,
  `"><${ELEMENT}>${MARK}`,
  `'><${ELEMENT} onclick=alert(1)>${MARK}`,
  `<img src=x onerror=alert(1)><${ELEMENT}>${MARK}`,
  `<svg/onload=alert(1)><${ELEMENT}>${MARK}`,
  `</textarea></title></style></script><${ELEMENT}>${MARK}`,
  `<!--${MARK}--><${ELEMENT}>`,
  `<a href="javascript:alert(1)">${MARK}</a><${ELEMENT}>`,
  `javascript:alert(1)//${MARK}`,
  `data:text/html,<${ELEMENT}>${MARK}`,
  `{{ 1234567 * 7654321 }} {% include "layout.njk" %} $\{1234567 * 7654321} <%= 1234567 * 7654321 %> ${MARK}`,
  `&lt;${ELEMENT}&gt; &#60;${ELEMENT}&#62; ${MARK}`,
  `\u202e${MARK}\u2066\u200b`,
  `%0d%0aSet-Cookie: ${MARK}=1`,
  `../../../etc/passwd ${MARK}`,
  `" autofocus onfocus="alert(1) ${MARK}`,
];

/** What one of them would come to if it were computed: no id has it by chance. */
export const COMPUTED = "9449772114007";
