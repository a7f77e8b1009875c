import { Module } from '@nestjs/common';
import { LiveModule } from '../live/live.module.js';
import { RunsModule } from '../runs/runs.module.js';
import { CheckpointCleaner } from './checkpoint-cleaner.js';
import { SchedulerDuties } from './duties.js';
import { PhotoCleaner } from './photo-cleaner.js';
import { RunMaker } from './run-maker.js';
import { Scheduler } from './scheduler.js';

@Module({
  imports: [LiveModule, RunsModule],
  providers: [Scheduler, SchedulerDuties, RunMaker, CheckpointCleaner, PhotoCleaner],
  exports: [Scheduler],
})
export class SchedulerModule {}
