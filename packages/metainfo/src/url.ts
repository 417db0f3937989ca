/** Characters of a URL at most; servers refuse much less. */
export const MAX_URL_LENGTH = 8192;

/** Whether a tracker can be asked under this URL: HTTP (BEP 3), UDP (BEP 15) or WebSocket (WebTorrent). */
export function isTrackerUrl(text: string): boolean {
  return text.length <= MAX_URL_LENGTH && /^(?:https?|udp|wss?):\/\/[^/\s]/i.test(text);
}

/** Whether a web seed (BEP 17, BEP 19) can be read under this URL. */
export function isWebSeedUrl(text: string): boolean {
  return text.length <= MAX_URL_LENGTH && /^https?:\/\/[^/\s]/i.test(text);
}
