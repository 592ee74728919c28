// The list of what was said, newest first; a whole reply is announced once, for those who do not see it.
export const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;

export function makeReplies({ list, empty, count, announce }) {
  let replies = 0;
  const tally = () => { count.textContent = String(replies); empty.hidden = replies > 0; };

  function begin(at, emotion, hearAgain) {
    const item = part("li"), text = part("p"), words = part("span"), moment = part("time", clock(at));
    moment.dateTime = `PT${at.toFixed(1)}S`;
    if (emotion) { text.append(part("span", emotion, "emotion")); item.dataset.emotion = emotion; }
    text.append(words);
    item.append(moment, text);
    if (hearAgain) item.append(againButton(at, hearAgain));
    list.prepend(item);
    replies++; tally();
    return {
      text: "",
      more(delta) { this.text += delta; words.textContent = this.text; },
      end(isCancelled) {
        if (isCancelled) text.append(part("span", "stopped", "cut"));
        announce.textContent = `At ${clock(at)}: ${this.text}`;
      },
    };
  }

  function againButton(at, hearAgain) {
    const button = part("button", "▶ hear it");
    button.setAttribute("aria-label", `Hear the four seconds before ${clock(at)}`);
    button.addEventListener("click", hearAgain);
    return button;
  }

  return { begin, clear() { list.replaceChildren(); replies = 0; announce.textContent = ""; tally(); } };
}

function part(name, text = "", kind = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (kind) element.className = kind;
  return element;
}
