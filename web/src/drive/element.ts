// The form of the payment company, in a frame of its own, so that no card number comes near us.

interface Elements {
  create(kind: string): { on(what: string, then: () => void): void; mount(where: string): void };
}
interface Company {
  elements(with_: object): Elements;
  confirmPayment(with_: object): Promise<{ error?: { message: string } }>;
}
declare global {
  interface Window {
    Stripe?: (key: string, options: object) => Company;
  }
}

export function element(box: HTMLElement) {
  const { element: key, secret, return: back } = box.dataset;
  const form = document.getElementById('card');
  const wrong = document.getElementById('wrong');
  const button = document.getElementById('confirm');
  if (!key || !form || !wrong || !(button instanceof HTMLButtonElement)) return;
  if (!window.Stripe) {
    wrong.textContent = wrong.dataset.lost ?? '';
    wrong.hidden = false;
    return;
  }
  const company = window.Stripe(key, { locale: document.documentElement.lang });
  const dark = matchMedia('(prefers-color-scheme: dark)').matches;
  const elements = company.elements({ clientSecret: secret, appearance: { theme: dark ? 'night' : 'stripe' } });
  const part = elements.create('payment');
  part.on('ready', () => (button.hidden = false));
  part.mount('#element');
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    button.disabled = true;
    wrong.hidden = true;
    void company.confirmPayment({ elements, confirmParams: { return_url: back } }).then((result) => {
      button.disabled = false;
      if (result.error) {
        wrong.textContent = result.error.message;
        wrong.hidden = false;
      }
    });
  });
}
