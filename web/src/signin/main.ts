// Signs in with a passkey on the page that works with a password without scripts. Its texts are in the page.
import { browserSupportsWebAuthn, startAuthentication, WebAuthnError } from '@simplewebauthn/browser';

const button = document.querySelector<HTMLButtonElement>('#passkey');
const said = document.querySelector<HTMLElement>('#said');

/** What the server says went wrong, or else that nothing can be done right now. */
class Refused extends Error {}

async function post(path: string, body: unknown, texts: DOMStringMap): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  } catch {
    throw new Refused(texts.broken);
  }
  if (response.ok) return response;
  if (response.status === 429) throw new Refused(texts.often);
  const problem = (await response.json().catch(() => ({}))) as { detail?: string };
  throw new Refused((response.status < 500 && problem.detail) || texts.broken);
}

async function signIn(texts: DOMStringMap): Promise<string> {
  const optionsJSON = await (await post('/sign-in/passkey/options', {}, texts)).json();
  const response = await startAuthentication({ optionsJSON });
  const { to } = (await (await post('/sign-in/passkey', { to: texts.to, response }, texts)).json()) as { to: string };
  return to;
}

if (button && said && browserSupportsWebAuthn()) {
  button.hidden = false;
  button.addEventListener('click', async () => {
    const texts = button.dataset;
    button.disabled = true;
    said.className = 'soft';
    said.textContent = texts.asked ?? '';
    try {
      location.assign(await signIn(texts));
    } catch (e) {
      said.className = 'problem';
      const refused = e instanceof WebAuthnError || (e instanceof Error && e.name === 'NotAllowedError');
      said.textContent = (e instanceof Refused ? e.message : refused ? texts.none : texts.broken) ?? '';
      button.disabled = false;
    }
  });
}
