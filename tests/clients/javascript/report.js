// Reports of cases, a line each: "ok", a tab and the name; or "failed", the name and what was wrong.
// A case that fails, or that takes too long, does not end the program: the others are still worth knowing.
'use strict';

const PATIENCE = 15000;
const cases = [];

/** Declares a case; its body may return a promise. */
const check = (name, body) => cases.push([name, body]);

const tooLate = () =>
  new Promise((_, reject) => setTimeout(() => reject(new Error(`No end after ${PATIENCE} ms`)), PATIENCE).unref());

/** Runs all cases in turn; `before` precedes each, and its fault is that of the case. */
async function run(before) {
  for (const [name, body] of cases) {
    try {
      await before();
      await Promise.race([body(), tooLate()]);
      console.log(`ok\t${name}`);
    } catch (fault) {
      console.log(`failed\t${name}\t${String(fault?.message ?? fault).replace(/\s+/g, ' ')}`);
    }
  }
  process.exit(0);
}

/** Brings the first rows of the store back. */
const reset = (root) => async () => {
  const answer = await fetch(root + 'reset', { method: 'POST' });
  if (!answer.ok) throw new Error(`The rows did not come back: ${answer.status}`);
};

module.exports = { check, reset, run };
