// Every sentence in which the page explains itself, by what happened.

/** Why there is no call: the panel in place of it. */
export const TROUBLE = {
  insecure: {
    title: "No microphone on this address",
    words: "Browsers lend the microphone only to secure pages. Open this page over https, or on localhost.",
    retry: "Try again",
  },
  refused: {
    title: "The microphone is blocked",
    words: "The agent cannot hear you without it. Allow the microphone for this page, next to its address, and try again.",
    retry: "Try again",
  },
  none: {
    title: "No microphone found",
    words: "Plug one in or switch it on, and try again.",
    retry: "Try again",
  },
  busy: {
    title: "The microphone is taken",
    words: "Another program is using it. Close that program and try again.",
    retry: "Try again",
  },
  full: {
    title: "All lines are in use",
    words: "Others are talking to the agent just now. Give it a moment.",
    retry: "Try again",
  },
  blocked: {
    title: "No call",
    words: "The agent takes no calls from you at present.",
    retry: "Try again",
  },
  closing: {
    title: "The agent is going away",
    words: "It takes no more calls just now. It may be back in a minute.",
    retry: "Try again",
  },
  unreachable: {
    title: "No answer",
    words: "The agent’s server did not answer. Check your connection and try again.",
    retry: "Try again",
  },
  unconnected: {
    title: "No way through",
    words: "The server answered, but no audio connection came about. A firewall that blocks UDP is the usual reason.",
    retry: "Call again",
  },
};

/** Why a call that stood came to its end. */
export const OVER = {
  caller: "You hung up",
  agent: "The agent hung up",
  operator: "The agent had to go",
  network: "The connection was lost",
};

/** Who has the floor. */
export const FLOOR = {
  connecting: "Connecting",
  nobody: "Listening",
  agent: "The agent is speaking",
  caller: "You are speaking",
  both: "Both are speaking",
  thinking: "The agent is thinking",
};

export const ADVICE = {
  unsteady: "The connection is unsteady.",
  microphoneGone: "Your microphone went away. The agent cannot hear you any more.",
  silentPage: "Your browser keeps the sound off. Press any key or tap the page.",
  armed: "Press Escape again to hang up.",
  fault: "Something went wrong on the agent’s side.",
};

/** The trouble that a failed getUserMedia means. */
export function microphoneTrouble(error) {
  const troubles = {
    NotFoundError: "none",
    OverconstrainedError: "none",
    NotReadableError: "busy",
    AbortError: "busy",
  };
  return troubles[error.name] ?? "refused";
}
