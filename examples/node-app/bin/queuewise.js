#!/usr/bin/env node
import { renameSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { answerRunners, answerWait } from '../src/answers.js';
import { InputError } from '../src/input.js';
import { createService } from '../src/service.js';

const USAGE = `usage:
  queuewise wait    --jobs-per-hour N --minutes N --runners N
  queuewise runners --jobs-per-hour N --minutes N --max-wait SECONDS
  queuewise serve   [--port N] [--url-file FILE]

serve listens on 127.0.0.1, port 3000 unless told (0: any free port), and writes its address to
FILE once it is ready.`;

const text = { type: 'string' };
const OPTIONS = {
  'jobs-per-hour': text,
  minutes: text,
  runners: text,
  'max-wait': text,
  port: text,
  'url-file': text,
};

function serve({ port = '3000', 'url-file': urlFile }) {
  const service = createService();
  service.on('error', (error) => {
    console.error(`cannot listen: ${error.message}`);
    process.exit(1);
  });
  service.listen(Number(port), '127.0.0.1', () => {
    const url = `http://127.0.0.1:${service.address().port}`;
    console.log(`listening on ${url}`);
    if (!urlFile) return;
    writeFileSync(`${urlFile}.new`, `${url}\n`);
    renameSync(`${urlFile}.new`, urlFile); // whoever waits for the file never sees half of it
  });
}

function run(command, options) {
  const source = {
    jobsPerHour: options['jobs-per-hour'],
    minutes: options.minutes,
    runners: options.runners,
    maxWaitSeconds: options['max-wait'],
  };
  if (command === 'wait') return console.log(answerWait(source).summary);
  if (command === 'runners') return console.log(answerRunners(source).summary);
  if (command === 'serve') return serve(options);
  throw new InputError(USAGE);
}

try {
  const { positionals, values } = parseArgs({ options: OPTIONS, allowPositionals: true });
  run(positionals[0], values);
} catch (error) {
  const isUsers = error instanceof InputError || error.code?.startsWith('ERR_PARSE_ARGS');
  if (!isUsers) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
