// What the driver needs of a scenario: something that several programs are put through in turn.

/**
 * @typedef {readonly [heading: string, key: string, digits: number]} Column of the report; the key names a number of a run
 * @typedef {Record<string, number>} Figures of one run
 * @typedef {object} Bench
 * @property {string} title
 * @property {readonly string[]} contenders the first is what the others are compared with
 * @property {(contender: string) => Promise<Figures>} run
 * @property {() => void} [close]
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} summary
 * @property {readonly Column[]} columns
 * @property {Partial<import("../options.mjs").Options>} [defaults]
 * @property {(options: import("../options.mjs").Options, base: string) => Promise<Bench>} prepare makes what all runs share
 */

export const GIBI = 1024 ** 3;
export const MEBI = 1024 ** 2;
