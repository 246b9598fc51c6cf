import { createServer } from 'node:http';
import { answerRunners, answerWait } from './answers.js';
import { InputError } from './input.js';

const ROUTES = {
  '/health': () => ({ status: 'ok' }),
  '/wait': answerWait,
  '/runners': answerRunners,
};

function respond(request) {
  if (request.method !== 'GET') return [405, { message: 'only GET is allowed' }];
  const url = new URL(request.url, 'http://localhost');
  const route = Object.hasOwn(ROUTES, url.pathname) ? ROUTES[url.pathname] : undefined;
  if (!route) return [404, { message: `try one of ${Object.keys(ROUTES).join(', ')}` }];
  try {
    return [200, route(Object.fromEntries(url.searchParams))];
  } catch (error) {
    if (error instanceof InputError) return [400, { message: error.message }];
    throw error;
  }
}

function respondSafely(request) {
  try {
    return respond(request);
  } catch (error) {
    console.error(error);
    return [500, { message: 'internal error' }];
  }
}

// An HTTP server that answers in JSON. The caller makes it listen.
export function createService() {
  return createServer((request, response) => {
    const [status, body] = respondSafely(request);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body)}\n`);
  });
}
