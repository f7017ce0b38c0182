// Stand-in for web.whatsapp.com: makes WhatsApp's module loader, says its version, and connects.
import { applyEvent } from "./events.js";
import { connect, tellNow } from "./link.js";
import { modules } from "./modules.js";
import { settings } from "./state.js";

window.require = (name) => {
  if (name in modules && !settings.without.includes(name)) return modules[name];
  tellNow({ t: "missing", name });
  throw new Error(`Requiring unknown module "${name}"`);
};
if (settings.version !== null) window.Debug = { VERSION: settings.version };
connect(applyEvent);
