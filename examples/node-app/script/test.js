// Runs the tests; under CircleCI's parallelism, those of this slice.
import { spawnSync } from 'node:child_process';
import { filesIn, root } from './files.js';
import { sliceOf } from './slice.js';

const { CIRCLE_NODE_INDEX = '0', CIRCLE_NODE_TOTAL = '1' } = process.env;
const files = sliceOf(
  filesIn('test', '.test.js'),
  Number(CIRCLE_NODE_INDEX),
  Number(CIRCLE_NODE_TOTAL),
);
console.log(`slice ${CIRCLE_NODE_INDEX} of ${CIRCLE_NODE_TOTAL}: ${files.join(' ') || 'no files'}`);
if (files.length > 0) {
  // Under node's own test runner a nested one would report to it; this one stands alone.
  const { NODE_TEST_CONTEXT, ...env } = process.env;
  const options = { cwd: root, env, stdio: 'inherit' };
  process.exitCode = spawnSync(process.execPath, ['--test', ...files], options).status ?? 1;
}
