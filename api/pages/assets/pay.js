// Keeps the page of a payment up to date, and puts the element of the payment company in. The page works without.
(function () {
  "use strict";
  var body = document.body, net = document.getElementById("net"), last = "", element = null;
  if (body.dataset.reload) { // somebody else is at the outlet
    setTimeout(function () { location.reload(); }, body.dataset.reload * 1000);
    return;
  }
  function progress() { return document.getElementById("progress"); }
  function pay() { // the element, in an iframe of the payment company
    var box = progress(), form = document.getElementById("card"), wrong = document.getElementById("wrong"), button = document.getElementById("confirm");
    if (!box.dataset.element || element) return;
    if (!window.Stripe) {
      wrong.textContent = wrong.dataset.lost;
      wrong.hidden = false;
      return;
    }
    var stripe = window.Stripe(box.dataset.element, { locale: document.documentElement.lang });
    var dark = matchMedia("(prefers-color-scheme: dark)").matches;
    element = stripe.elements({ clientSecret: box.dataset.secret, appearance: { theme: dark ? "night" : "stripe" } });
    var part = element.create("payment");
    part.on("ready", function () { button.hidden = false; });
    part.mount("#element");
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      button.disabled = true;
      wrong.hidden = true;
      stripe.confirmPayment({ elements: element, confirmParams: { return_url: box.dataset.return } }).then(function (result) {
        button.disabled = false;
        if (result.error) { wrong.textContent = result.error.message; wrong.hidden = false; }
      });
    });
  }
  function show(text) {
    if (text === last) return;
    last = text;
    var was = progress(), box = document.createElement("template");
    box.innerHTML = text;
    var next = box.content.querySelector("#progress");
    if (!next) return;
    if (next.dataset.element) {
      if (was.dataset.element) return; // the driver is typing in it
      location.reload(); // the page must allow for it
      return;
    }
    var focus = document.activeElement && document.activeElement.id, head = was.querySelector("#now"), heading = next.querySelector("#now");
    if (head && heading && head.innerHTML === heading.innerHTML) { next.replaceChild(head, heading); } // is read aloud when it changes
    was.replaceWith(next);
    if (focus && document.getElementById(focus)) document.getElementById(focus).focus({ preventScroll: true });
  }
  function look() {
    if ("quiet" in progress().dataset) return;
    if (document.hidden) { setTimeout(look, 1000); return; }
    fetch(body.dataset.part, { cache: "no-store" }).then(function (answer) {
      if (!answer.ok) throw new Error(answer.status);
      return answer.text();
    }).then(function (text) { net.hidden = true; show(text); }, function () { net.textContent = body.dataset.offline; net.hidden = false; }).then(function () { setTimeout(look, 2000); });
  }
  pay();
  setTimeout(look, 1000);
})();
