// Keeps what changes on the pages of a driver's account up to date, and puts the element of the payment company in. The pages work without.
(function () {
  "use strict";
  var body = document.body, box = document.getElementById("setup");
  function live() { return document.getElementById("live"); }
  function look() {
    if (document.hidden) return;
    fetch(location.href, { headers: { Accept: "text/html" } }).then(function (r) {
      if (r.redirected || !r.ok) { location.reload(); return ""; }
      return r.text();
    }).then(function (text) {
      if (!text) return;
      var next = new DOMParser().parseFromString(text, "text/html").getElementById("live"), was = live();
      if (!next || !was || next.innerHTML === was.innerHTML) return;
      var active = document.activeElement, parts = next.querySelectorAll("[data-part]");
      var same = parts.length > 0 && parts.length === was.querySelectorAll("[data-part]").length && [].every.call(parts, function (p) { return document.getElementById(p.id); });
      if (same && was.contains(active)) { // somebody is at a button: only what is beside it changes
        [].forEach.call(parts, function (p) { document.getElementById(p.id).innerHTML = p.innerHTML; });
        return;
      }
      was.replaceWith(next);
    }).catch(function () { /* the next look may do better */ });
  }
  if (body.dataset.live) setInterval(look, body.dataset.live * 1000);
  if (!box || !box.dataset.element) return;
  var form = document.getElementById("card"), wrong = document.getElementById("wrong"), button = document.getElementById("confirm");
  if (!window.Stripe) {
    wrong.textContent = wrong.dataset.lost;
    wrong.hidden = false;
    return;
  }
  var stripe = window.Stripe(box.dataset.element, { locale: document.documentElement.lang });
  var dark = matchMedia("(prefers-color-scheme: dark)").matches;
  var elements = stripe.elements({ clientSecret: box.dataset.secret, appearance: { theme: dark ? "night" : "stripe" } });
  var part = elements.create("payment");
  part.on("ready", function () { button.hidden = false; });
  part.mount("#element");
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    button.disabled = true;
    wrong.hidden = true;
    stripe.confirmSetup({ elements: elements, confirmParams: { return_url: box.dataset.return } }).then(function (result) {
      button.disabled = false;
      if (result.error) { wrong.textContent = result.error.message; wrong.hidden = false; }
    });
  });
})();
