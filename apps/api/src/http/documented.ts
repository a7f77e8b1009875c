import { applyDecorators } from '@nestjs/common';
import { ApiOperation, ApiResponse } from '@nestjs/swagger';

/** Why a route may refuse, by status code, beside what may go wrong with any of them. */
type Refusals = Partial<Record<400 | 404 | 409 | 413 | 422 | 429 | 503 | 507, string>>;

/** What /api/docs says of a route: what it does, in a line, and what its own refusals mean. */
export const Documented = (summary: string, refusals: Refusals = {}, description = '') =>
  applyDecorators(
    ApiOperation({ summary, description }),
    ...Object.entries(refusals).map(([status, why]) =>
      ApiResponse({ status: Number(status), description: why }),
    ),
  );
