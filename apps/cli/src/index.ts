/** The client of the API, for programs of one's own. */
export { ApiClient } from './api/api-client.js';
export { ApiProblem, ApiUnreachable, UnexpectedAnswer } from './api/api-errors.js';
