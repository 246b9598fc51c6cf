export { busyRunners, probabilityOfWaiting, meanWaitSeconds, runnersFor } from './erlang.js';
export { simulate } from './simulate.js';
export { createService } from './service.js';
