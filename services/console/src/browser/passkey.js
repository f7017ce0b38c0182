// Asks the browser's authenticator before a form about a passkey is sent, and puts its answer into the form.

/**
 * @typedef {object} WebAuthn
 * @property {(of: { optionsJSON: unknown }) => Promise<unknown>} startAuthentication
 * @property {(of: { optionsJSON: unknown }) => Promise<unknown>} startRegistration
 * @property {() => boolean} browserSupportsWebAuthn
 */

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!(form instanceof HTMLFormElement)) continue;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void send(form);
  });
}

/** @param {HTMLFormElement} form */
async function send(form) {
  const { SimpleWebAuthnBrowser: webAuthn } = /** @type {{ SimpleWebAuthnBrowser?: WebAuthn }} */ (
    /** @type {unknown} */ (globalThis)
  );
  const button = form.querySelector("button");
  if (!webAuthn?.browserSupportsWebAuthn()) return tell(form, "unsupported");
  if (button) button.disabled = true;
  try {
    const begun = await begin(form);
    if (begun === undefined) return;
    const { ceremony, options } = begun;
    const ask = form.dataset.passkey === "create" ? webAuthn.startRegistration : webAuthn.startAuthentication;
    const answer = await ask({ optionsJSON: options });
    field(form, "ceremony").value = ceremony;
    field(form, "response").value = JSON.stringify(answer);
    form.submit();
  } catch (error) {
    const { name } = /** @type {{ name?: unknown }} */ (error);
    if (button) button.disabled = false;
    tell(form, name === "NotAllowedError" ? "cancelled" : name === "InvalidStateError" ? "known" : "failed");
  }
}

/**
 * @param {HTMLFormElement} form
 * @returns {Promise<{ ceremony: string, options: unknown } | undefined>} undefined once the browser is on its way elsewhere
 */
async function begin(form) {
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form))
    if (typeof value === "string" && name !== "ceremony" && name !== "response") fields.set(name, value);
  const answer = await fetch(form.dataset.begin ?? "", { method: "post", body: fields });
  // Something is asked first, on a page of its own.
  if (answer.redirected) {
    location.assign(answer.url);
    return undefined;
  }
  if (!answer.ok) throw new Error("refused");
  return answer.json();
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
function field(form, name) {
  const found = form.elements.namedItem(name);
  if (!(found instanceof HTMLInputElement)) throw new TypeError(`the form has no field ${name}`);
  return found;
}

/**
 * @param {HTMLFormElement} form
 * @param {string} what
 */
function tell(form, what) {
  const place = form.querySelector("[data-passkey-error]");
  if (!(place instanceof HTMLElement)) return;
  place.textContent = place.dataset[what] ?? place.dataset.failed ?? "";
  place.hidden = false;
}
