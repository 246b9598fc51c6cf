// Every file must parse, hold no tab and no blank at a line's end, and close its last line.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesIn, root } from './files.js';

function faultsOf(file) {
  const faults = [];
  const text = readFileSync(join(root, file), 'utf8');
  text.split('\n').forEach((line, index) => {
    if (/\t|\s$/.test(line)) faults.push(`${file}:${index + 1}: tab, or blank at the end`);
  });
  if (!text.endsWith('\n')) faults.push(`${file}: the last line is not closed`);
  const check = spawnSync(process.execPath, ['--check', join(root, file)], { encoding: 'utf8' });
  if (check.status !== 0) faults.push(check.stderr);
  return faults;
}

const files = ['bin', 'script', 'src', 'test'].flatMap((folder) => filesIn(folder, '.js'));
const faults = files.flatMap(faultsOf);
for (const fault of faults) console.error(fault);
console.log(`${files.length} files, ${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
