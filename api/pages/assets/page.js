// Keeps the page up to date: the server sends its changing part whenever something has happened.
const main = document.getElementById("main");
const state = document.getElementById("state");
const source = new EventSource("/live");
source.onopen = () => { state.textContent = state.dataset.live; state.className = "on"; };
source.onerror = () => { state.textContent = state.dataset.lost; state.className = "off"; };
source.onmessage = (event) => { main.innerHTML = JSON.parse(event.data); };
