import { type DynamicModule, Module } from '@nestjs/common';
import { APP_FILTER, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { LoggerModule } from 'nestjs-pino';
import { ZodSerializerInterceptor, ZodValidationPipe } from 'nestjs-zod';
import { ColorizeModule } from './colorize/colorize.module.js';
import { type Connections, ConnectionsModule, type Settings } from './config/connections.js';
import { DatasetsModule } from './datasets/datasets.module.js';
import { HealthModule } from './health/health.module.js';
import { loggingParams } from './http/logging.js';
import { ProblemFilter } from './http/problem.filter.js';
import { LiveModule } from './live/live.module.js';
import { MetricsModule } from './metrics/metrics.module.js';
import { RunsModule } from './runs/runs.module.js';
import { SamplesModule } from './samples/samples.module.js';
import { SchedulerModule } from './scheduler/scheduler.module.js';
import { SweepsModule } from './sweeps/sweeps.module.js';
import { TrainersModule } from './trainers/trainers.module.js';
import { WeightsModule } from './weights/weights.module.js';

@Module({})
export class ApiModule {
  static of(settings: Settings, connections: Connections): DynamicModule {
    return {
      module: ApiModule,
      imports: [
        LoggerModule.forRoot(loggingParams(settings)),
        ConnectionsModule.of(settings, connections),
        DatasetsModule,
        WeightsModule,
        SweepsModule,
        RunsModule,
        ColorizeModule,
        MetricsModule,
        SamplesModule,
        TrainersModule,
        LiveModule,
        SchedulerModule,
        HealthModule,
      ],
      providers: [
        { provide: APP_PIPE, useClass: ZodValidationPipe },
        { provide: APP_INTERCEPTOR, useClass: ZodSerializerInterceptor },
        { provide: APP_FILTER, useClass: ProblemFilter },
      ],
    };
  }
}
