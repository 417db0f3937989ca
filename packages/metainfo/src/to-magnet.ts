import { formatEndpoint, formatHex } from "@bt/primitives";
import { formatFileSelection } from "./file-selection.ts";
import type { Magnet } from "./magnet.ts";
import type { DhtNodeAddress } from "./metainfo.ts";
import { decodeText, encodeText } from "./text.ts";

/** What a magnet link is made of; `undefined` is as good as absent. */
export type MagnetParts = { readonly [Part in keyof Magnet]?: Magnet[Part] | undefined };

/**
 * The magnet link of a Magnet or a Metainfo, or of the parts that are given: hashes, name, length, trackers, web seeds,
 * sources, peers, nodes, selection, keywords, others. Trackers may hold a user's secret key: leave them out of links
 * that are meant for others.
 *
 * @throws TypeError without an info-hash.
 */
export function toMagnet(model: MagnetParts): string {
  const { infoHash, infoHashV2, name, length, select } = model;
  if (infoHash === undefined && infoHashV2 === undefined)
    throw new TypeError("a magnet link needs an info-hash");
  const parameters: string[] = [];
  const add = (key: string, values: readonly string[] = []): void => {
    for (const value of values) parameters.push(`${key}=${escape(value)}`);
  };
  if (infoHash !== undefined) parameters.push(`xt=urn:btih:${formatHex(infoHash)}`);
  if (infoHashV2 !== undefined) parameters.push(`xt=urn:btmh:1220${formatHex(infoHashV2)}`);
  if (name !== undefined) add("dn", [name]);
  if (length !== undefined) parameters.push(`xl=${length}`);
  add("tr", model.trackers?.flat());
  add("ws", model.webSeeds);
  add("as", model.acceptableSources);
  add("xs", model.exactSources);
  for (const peer of model.peers ?? []) parameters.push(`x.pe=${escapeAddress(peer)}`);
  for (const node of model.nodes ?? []) parameters.push(`dht=${escapeAddress(node)}`);
  if (select !== undefined) parameters.push(`so=${formatFileSelection(select)}`);
  if (model.keywords !== undefined && model.keywords.length > 0)
    parameters.push(`kt=${model.keywords.map((word) => escape(word)).join("+")}`);
  for (const [key, value] of model.others ?? []) add(escape(key), [value]);
  return `magnet:?${parameters.join("&")}`;
}

/** Colons and brackets stay: that is how clients write addresses. */
function escapeAddress(address: DhtNodeAddress): string {
  return formatEndpoint(address).replace(/[^\w.:[\]-]+/g, escape);
}

/** Percent escapes for all that is not a letter, digit or harmless; a lone surrogate becomes U+FFFD. */
function escape(text: string): string {
  return encodeURIComponent(decodeText(encodeText(text)));
}
