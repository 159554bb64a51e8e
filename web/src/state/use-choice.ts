// What a panel lets choose, kept in the address so that the view can be linked.
import { useApp, useValue } from "./app.js";
import type { ChoiceName } from "./location.js";

/** The text chosen, null: what is shown at first; and what chooses another. */
export function useChoice(name: ChoiceName): [string | null, (text: string | null) => void] {
  const app = useApp();
  const { choices } = useValue("shown");
  const choose = (text: string | null): void => {
    const { [name]: _before, ...others } = choices;
    // Not a step that Back takes back: that is for where one looks, not how.
    app.show({ choices: text === null ? others : { ...others, [name]: text } }, false);
  };
  return [choices[name] ?? null, choose];
}
