import type { Database } from '@chromatune/database';
import { Body, Controller, Get, Param, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ZodResponse } from 'nestjs-zod';
import { InjectDatabase } from '../config/connections.js';
import { DrainRequestDto, TrainerDto, TrainerParams } from './trainers.dto.js';

@ApiTags('trainers')
@Controller('trainers')
export class TrainersController {
  constructor(@InjectDatabase() private readonly database: Database) {}

  @Get()
  @ZodResponse({ status: 200, type: [TrainerDto] })
  list() {
    return this.database.trainers.list();
  }

  /** A draining trainer ends what it trains and takes nothing new. */
  @Post(':id/drain')
  @ZodResponse({ status: 200, type: TrainerDto })
  drain(@Param() { id }: TrainerParams, @Body() { draining }: DrainRequestDto) {
    return this.database.trainers.setDraining(id, draining);
  }
}
