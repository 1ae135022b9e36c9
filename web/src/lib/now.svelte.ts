/** The time, as screens show ages by it: it goes on each second while somebody looks. */
class Clock {
  at = $state(Date.now());

  constructor() {
    setInterval(() => {
      if (!document.hidden) this.at = Date.now();
    }, 1000);
  }
}

export const clock = new Clock();
