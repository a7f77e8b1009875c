import { Module } from '@nestjs/common';
import { TrainersController } from './trainers.controller.js';

@Module({ controllers: [TrainersController] })
export class TrainersModule {}
