import { currentKey } from "../session";

const PROTOCOL = "graphql-transport-ws";
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

export interface Live<T> {
  next: (data: T) => void;
  /** Whether the connection stands: while it does not, the caller has to ask by itself. */
  connected: (is: boolean) => void;
}

interface Message {
  type: string;
  payload?: { data?: unknown };
}

/** Follow a subscription, again after each loss of the connection. Returns what ends it. */
export function follow<T>(query: string, live: Live<T>): () => void {
  let socket: WebSocket | null = null;
  let timer = 0;
  let wait = FIRST_WAIT_MS;
  let ended = false;
  const open = (): void => {
    const address = new URL("/graphql", window.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const own = (socket = new WebSocket(address, PROTOCOL));
    const send = (message: Record<string, unknown>): void => own.send(JSON.stringify(message));
    own.onopen = () => {
      const key = currentKey();
      send({ type: "connection_init", payload: key === null ? {} : { Authorization: `Bearer ${key}` } });
    };
    own.onmessage = (event: MessageEvent<string>) => {
      const message = JSON.parse(event.data) as Message;
      if (message.type === "connection_ack") send({ type: "subscribe", id: "1", payload: { query } });
      else if (message.type === "ping") send({ type: "pong" });
      else if (message.type === "next" && message.payload?.data) {
        wait = FIRST_WAIT_MS;
        live.connected(true);
        live.next(message.payload.data as T);
      } else if (message.type === "error" || message.type === "complete") own.close();
    };
    own.onclose = () => {
      if (ended) return;
      live.connected(false);
      timer = window.setTimeout(open, wait);
      wait = Math.min(2 * wait, LONGEST_WAIT_MS);
    };
  };
  open();
  return () => {
    ended = true;
    clearTimeout(timer);
    socket?.close();
  };
}
