import { expect, it } from 'vitest';
import { classPath, localPath, placeOf, routeOf } from './routes';

it.each([
  ['/', '', { page: 'overview' }],
  ['/fleet', '', { page: 'fleet' }],
  ['/fleet/', '', { page: 'fleet' }],
  ['/fleet/local/small', '', { page: 'class', name: 'local/small', span: 'hour' }],
  ['/fleet/local/a%2Bb', '?span=week', { page: 'class', name: 'local/a+b', span: 'week' }],
  ['/fleet/local/small', '?span=year', { page: 'class', name: 'local/small', span: 'hour' }],
  ['/fleet/local/%zz', '', { page: 'nowhere' }],
  ['/fleet/local', '', { page: 'nowhere' }],
  ['/pipelines', '', { page: 'pipelines' }],
  ['/pipelines/7', '', { page: 'pipeline', pipeline: '7' }],
  ['/pipelines/7/jobs/2', '', { page: 'job', pipeline: '7', job: 2, slice: 0 }],
  ['/pipelines/7/jobs/2', '?slice=3', { page: 'job', pipeline: '7', job: 2, slice: 3 }],
  ['/pipelines/7/jobs/2', '?slice=x', { page: 'job', pipeline: '7', job: 2, slice: 0 }],
  ['/pipelines/7/jobs/x', '', { page: 'nowhere' }],
  ['/pipelines/7/other/2', '', { page: 'nowhere' }],
  ['/elsewhere', '', { page: 'nowhere' }],
  ['/sign-in', '?next=%2Ffleet', { page: 'sign-in', next: '/fleet' }],
  ['/sign-in', '?next=%2F%2Fevil.example', { page: 'sign-in', next: '/' }],
])('%s%s', (path, search, route) => expect(routeOf(path, search)).toEqual(route));

it.each([
  ['/pipelines/1#step-2:L3', '/pipelines/1#step-2:L3'],
  [null, '/'],
  ['', '/'],
  ['https://evil.example', '/'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/a\nb', '/'],
  ['javascript:alert(1)', '/'],
])('after signing in %j leads to %s', (next, path) => expect(localPath(next)).toBe(path));

it.each([
  ['#step-2:L120', { step: 2, line: 120 }],
  ['#step-2', { step: 2 }],
  ['', undefined],
  ['#step-x:L1', undefined],
  ['#step-1:L1x', undefined],
])('%j', (hash, place) => expect(placeOf(hash)).toEqual(place));

it('a class has an address that leads to it', () => {
  expect(routeOf(classPath('local/a+b:c'), '')).toEqual({ page: 'class', name: 'local/a+b:c', span: 'hour' });
});
